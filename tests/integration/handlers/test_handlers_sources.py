"""Whoever asks for a start, by whatever way, gets the same checks, the same input and the same queue (DF-1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.runner.wiring import runner
from reactory.exceptions import ReactoryError
from reactory.ports.queue import Message
from reactory.runner.request import Mode
from tests.integration.handlers.deployment import Deployment

Source = Callable[[Deployment, str, Any], bool]
"""Asks for a start of a workflow with data; whether it was accepted."""


def by_api(deployment: Deployment, workflow: str, data: Any) -> bool:
    answer = deployment.request("POST", f"/workflow/start/{workflow}", body=data)
    return answer.status == 201


def by_message(deployment: Deployment, workflow: str, data: Any) -> bool:
    deployment.ports.queue.send("triggers", [Message({"workflowId": workflow, "data": data, "src": "shop"})])
    return not deployment.deliver("triggers", wait=1.0)


def by_use_case(mode: Mode) -> Source:
    """What the other components call: the scheduler, the dependencies of the lifecycle."""

    def start(_: Deployment, workflow: str, data: Any) -> bool:
        try:
            runner().start.start_workflow(workflow, None, data, mode=mode, trigger_id="slot-1", caller="somebody")
        except ReactoryError:
            return False
        return True

    return start


SOURCES: dict[str, Source] = {
    "api": by_api,
    "event": by_message,
    "schedule": by_use_case("schedule"),
    "dependency": by_use_case("dependency"),
}
every_source = pytest.mark.parametrize("source", SOURCES)


@every_source
def test_every_source_is_validated(deployment: Deployment, source: str) -> None:
    """DF-1, YF-2, WR-5: VALIDATE: what the definition refuses is refused from every source, and leaves nothing."""
    for workflow, data in (
        ("plant.Greet", {}),
        ("plant.Greet", {"name": "A"}),
        ("plant.Greet", {"name": "Ada", "times": 4}),
        ("plant.Greet", {"name": "Ada", "times": "many"}),
        ("plant.Greet", ["Ada"]),
        ("plant.Greet@9.9.9", {"name": "Ada"}),
        ("plant.Nothing", {"name": "Ada"}),
    ):
        assert not SOURCES[source](deployment, workflow, data), (workflow, data)
    assert deployment.request("GET", "/workflow/instances").body["total"] == 0
    assert deployment.depth("wakeups-normal").visible == 0


@every_source
def test_every_source_is_transformed_and_routed(deployment: Deployment, source: str) -> None:
    """DF-1, DF-2, IM-8: TRANSFORM: types coerced, defaults applied. ROUTE: highest version, queue of its priority.

    The instance shows the transformed input, and which way it came.
    """
    assert SOURCES[source](deployment, "plant.Greet", {"name": "Ada", "times": "2"})
    assert SOURCES[source](deployment, "plant.Greet", {"name": "Bob"})
    listed = deployment.request("GET", "/workflow/instances", query={"sort": "createdAt"}).body["instances"]
    seen = [deployment.run(one["instanceId"]) for one in listed]
    assert sorted((one["input"]["name"], one["input"]["times"]) for one in seen) == [("Ada", 2), ("Bob", 1)]
    assert {one["outputs"]["text"] for one in seen} == {"Hello Ada Hello Ada", "Hello Bob"}
    assert {(one["version"], one["trigger"]["mode"]) for one in seen} == {("1.0.0", source)}
    assert all(one["trigger"]["id"] and one["trigger"]["caller"] for one in seen)
