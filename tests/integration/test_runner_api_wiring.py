"""The handlers as Lambda calls them, wired by the composition root."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.errors import api as errors_api
from functions.runner import api, trigger
from reactory import bootstrap
from reactory.local.routes import Routes
from reactory.settings import Settings
from reactory.topology import FUNCTIONS
from tests.unit.runner.lab import Lab, api_event, flow, send, work

EVENTS = Path(__file__).parents[2] / "events"
MODULE = "nameSpace: lab\nname: Module\nversion: 1.0.0\nsteps: [steps]\n"
STEPS = 'from reactory import step\n\n\n@step("lab.work")\ndef work(name: str) -> str:\n    return name\n'


class NoSchema:
    def ensure(self) -> None:
        pass


@pytest.fixture
def installed(lab: Lab, tmp_path: Path) -> Iterator[Lab]:
    """The lab's stores as this process's App, with a module of its own."""
    (tmp_path / "module.yaml").write_text(MODULE, encoding="utf-8")
    (tmp_path / "steps.py").write_text(STEPS, encoding="utf-8")
    app = bootstrap.bootstrap(
        Settings(aws="memory", blobs="memory", modules=[str(tmp_path)]),
        clock=lab.clock,
        ids=lab.ids,
        instances=lab.instances,
        definitions=lab.definitions,
        events=lab.events,
        tasks=lab.tasks,
        results=lab.results,
        records=lab.records,
        errors=lab.errors,
        durations=lab.durations,
        dead_letters=lab.dead_letters,
        blobs=lab.blobs,
        queue=lab.queue,
        schema=NoSchema(),
    )
    bootstrap.install(app)
    yield lab
    bootstrap.install(None)


def test_the_handlers_share_one_app(installed: Lab) -> None:
    """WR-1, WR-12: the API's and the trigger's handlers start instances in the same stores."""
    registered = send(api.handler, api_event("POST", "/workflow/workflows", json.dumps(flow(work("a")))))
    assert registered.status == 201, registered.text
    assert send(api.handler, api_event("POST", "/workflow/start/lab.Flow", "{}")).status == 201
    record = {"messageId": "m-1", "body": '{"id": "lab.Flow"}'}
    assert trigger.handler({"Records": [record]}, None) == {"batchItemFailures": []}
    poison = {"messageId": "m-2", "body": "{"}
    assert trigger.handler({"Records": [poison]}, None) == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
    assert installed.instances.count_by_status("default") == {"PENDING": 2}


def test_documents_are_checked_against_the_modules(installed: Lab) -> None:
    """WR-2: the steps of the function's own modules are those that a document may call."""
    document = json.dumps(flow(work("a", config={"handler": "lab.wrok"})))
    answer = send(api.handler, api_event("POST", "/workflow/validate", document))
    assert [problem["code"] for problem in answer.json["problems"]] == ["UNKNOWN_HANDLER"]


@pytest.mark.parametrize("path", sorted((EVENTS / "api").glob("*.json")), ids=lambda path: path.stem)
def test_the_canonical_events_are_understood(installed: Lab, path: Path) -> None:
    """IM-1: the events of events/ get the answers that they are there for."""
    installed.register(flow(nameSpace="acme-orders", name="Fulfil"))
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    http = event["requestContext"]["http"]
    function = Routes(FUNCTIONS).match(http["method"], event["rawPath"]).function
    answer = send({"runner-api": api.handler, "errors-api": errors_api.handler}[function], event)
    expected = {
        "POST /workflow/start/{workflowId}": (201,),
        "POST /workflow/events/{name}/{key}": (202,),
        "$default": (404, 405),
    }
    assert answer.status in expected.get(event["routeKey"], (200, 404)), answer.text
    assert "internal_error" not in answer.text
