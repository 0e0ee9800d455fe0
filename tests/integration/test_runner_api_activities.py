"""External workers through the handler: take, say that they live, answer with the token."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.ports.tasks import TaskQuery
from tests.unit.runner.lab import Lab, flow

PRINT = {
    "id": "print",
    "type": "activity",
    "config": {"activityName": "print", "parameters": {"pages": 3}},
    "retryPolicy": {"maxAttempts": 1},
}


@pytest.fixture
def waiting(lab: Lab) -> str:
    """An instance that waits for a worker of the activity ``print``."""
    lab.register(flow(PRINT))
    started = lab.call("POST", "/workflow/start/lab.Flow", {})
    lab.work()
    return str(started.json["instanceId"])


def take(lab: Lab, **body: Any) -> list[dict[str, Any]]:
    answer = lab.call("POST", "/workflow/activities/print/take", {"worker": "w1"} | body)
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["activities"]
    return found


def test_an_activity_is_taken_and_completed(lab: Lab, waiting: str) -> None:
    """WH-5: one worker gets it, with its parameters; its result is the step's output."""
    (taken,) = take(lab)
    assert (taken["parameters"], taken["instanceId"], taken["attempt"]) == ({"pages": 3}, waiting, 1)
    assert take(lab, worker="w2") == []
    answer = lab.call("POST", f"/workflow/activities/{taken['token']}/complete", {"result": {"printed": 3}})
    assert (answer.status, answer.json["instanceId"]) == (200, waiting)
    lab.work()
    shown = lab.call("GET", f"/workflow/instance/{waiting}").json
    assert (shown["status"], shown["steps"][0]["output"]) == ("COMPLETED", {"printed": 3})


def test_an_activity_may_fail(lab: Lab, waiting: str) -> None:
    """WH-5: the error that the worker gives is the step's."""
    (taken,) = take(lab)
    error = {"message": "no paper", "code": "paper", "retryable": False}
    assert lab.call("POST", f"/workflow/activities/{taken['token']}/fail", {"error": error}).status == 200
    lab.work()
    shown = lab.call("GET", f"/workflow/instance/{waiting}").json
    assert shown["status"] == "FAILED"
    assert "no paper" in shown["reason"]["message"]


def test_a_heartbeat_keeps_it(lab: Lab, waiting: str) -> None:
    """WH-5: who is heard of keeps the activity; who is silent loses it, and its token is a 409 then."""
    (taken,) = take(lab, leaseMs=5000)
    path = f"/workflow/activities/{taken['token']}"
    lab.clock.advance(4000)
    assert lab.call("POST", f"{path}/heartbeat", {"leaseMs": 5000}).json["leaseUntil"] == "2026-01-01T00:00:09.000Z"
    lab.clock.advance(4000)
    assert take(lab, worker="w2") == []
    lab.clock.advance(2000)
    (second,) = take(lab, worker="w2")
    for action in ("heartbeat", "complete"):
        assert lab.call("POST", f"{path}/{action}").status == 409
    assert lab.call("POST", f"/workflow/activities/{second['token']}/complete").status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("print/take", {}),
        ("print/take", {"worker": ""}),
        ("print/take", {"worker": "w", "count": 0}),
        ("print/take", {"worker": "w", "leaseMs": 1}),
        ("print/take", {"worker": "w", "lease": 5000}),
        ("TOKEN/fail", {}),
        ("TOKEN/fail", {"error": {"code": "x"}}),
        ("TOKEN/fail", {"error": {"message": "x", "category": "bad"}}),
        ("TOKEN/complete", {"output": 1}),
        ("TOKEN/heartbeat", {"leaseMs": "long"}),
        ("no-token/complete", {}),
    ],
)
def test_a_wrong_request_is_refused(lab: Lab, waiting: str, path: str, body: dict[str, Any]) -> None:
    """WR-16: 400 says which member is wrong; the activity stays with its worker."""
    (taken,) = take(lab)
    answer = lab.call("POST", f"/workflow/activities/{path.replace('TOKEN', taken['token'])}", body)
    assert (answer.status, answer.json["code"]) == (400, "invalid_request")
    assert lab.call("POST", f"/workflow/activities/{taken['token']}/complete").status == 200


@pytest.mark.parametrize("takes", ["0", "-1", "²", "1" * 5000, "", "01"])
def test_a_made_up_token_is_none(lab: Lab, waiting: str, takes: str) -> None:
    """WR-16: what no worker was given answers nothing: 400, and the activity can still be taken."""
    (item,) = lab.tasks.list(TaskQuery(kind="activity")).items
    answer = lab.call("POST", f"/workflow/activities/{item.id}:{takes}/complete", {})
    assert (answer.status, answer.json["code"]) == (400, "invalid_request")
    assert len(take(lab)) == 1


def test_an_unknown_token_is_not_found(lab: Lab) -> None:
    """WR-16: a token of nothing is a 404."""
    assert lab.call("POST", "/workflow/activities/none:1/complete").status == 404
