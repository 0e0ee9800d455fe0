"""Instances through the handler: list, look at, history, control."""

from __future__ import annotations

import pytest

from reactory.exceptions import StoreUnavailableError
from reactory.ports.store import Instance
from tests.unit.runner.lab import Lab, flow, work

NAP = {"id": "nap", "type": "delay", "config": {"duration": 60_000}}


def started(lab: Lab, **more: object) -> str:
    answer = lab.call("POST", "/workflow/start/lab.Flow", {}, **more)  # type: ignore[arg-type]  # query, headers
    instance_id: str = answer.json["instanceId"]
    return instance_id


def test_an_instance_shows_everything(lab: Lab) -> None:
    """WR-9: status, input, variables, outputs, steps, waits and timers, while it runs and after."""
    lab.register(
        flow(work("a"), NAP, variables={"seen": 1}, outputs={"a": {"type": "string", "source": "steps.a.done"}})
    )
    instance_id = started(lab)
    lab.work()
    found = lab.call("GET", f"/workflow/instance/{instance_id}").json
    assert (found["status"], found["activity"]) == ("RUNNING", "sleeping until 2026-01-01T00:01:00.000Z")
    assert {step["path"]: step["status"] for step in found["steps"]} == {"a": "COMPLETED", "nap": "SLEEPING"}
    assert (found["variables"], found["outputs"], found["waits"]) == ({"seen": 1}, None, [])
    assert found["timers"] == [{"path": "nap", "kind": "due", "at": "2026-01-01T00:01:00.000Z"}]
    lab.sleep(61)
    found = lab.call("GET", f"/workflow/instance/{instance_id}").json
    assert (found["status"], found["outputs"]) == ("COMPLETED", {"a": "a"})


def test_an_instance_is_controlled(lab: Lab) -> None:
    """WR-9, WH-17: pause, resume, cancel answer 200 {instanceId, status, timestamp}; a wrong state is 409."""
    lab.register(flow(NAP))
    instance_id = started(lab)
    lab.work()
    path = f"/workflow/instance/{instance_id}"
    paused = lab.call("POST", f"{path}/pause")
    assert (paused.status, paused.json) == (
        200,
        {"instanceId": instance_id, "status": "PAUSED", "timestamp": "2026-01-01T00:00:00.000Z"},
    )
    again = lab.call("POST", f"{path}/pause")
    assert (again.status, again.json["code"]) == (409, "illegal_transition")
    assert "PAUSED" in again.json["message"]
    assert lab.call("POST", f"{path}/resume").json["status"] == "RUNNING"
    cancelled = lab.call("DELETE", path, {"reason": "ordered twice"}, headers={"content-type": "application/json"})
    assert (cancelled.status, cancelled.json["status"]) == (200, "CANCELLED")
    lab.work()
    assert lab.call("GET", path).json["reason"]["message"] == "ordered twice"
    assert lab.call("DELETE", path).status == 409


def test_a_failed_instance_is_retried(lab: Lab) -> None:
    """WR-9: retry takes a failed instance up again."""
    lab.failing.add("a")
    lab.register(flow(work("a", retryPolicy={"maxAttempts": 1})))
    instance_id = started(lab)
    lab.work()
    assert lab.call("POST", f"/workflow/instance/{instance_id}/resume").status == 409
    lab.failing.clear()
    assert lab.call("POST", f"/workflow/instance/{instance_id}/retry").status == 200
    lab.work()
    assert lab.call("GET", f"/workflow/instance/{instance_id}").json["status"] == "COMPLETED"


@pytest.mark.parametrize("body", ["[]", '{"reason": 5}', '{"raeson": "x"}', "{"])
def test_a_wrong_reason_is_400(lab: Lab, body: str) -> None:
    """WR-9: a body that is not understood changes nothing."""
    lab.register(flow(NAP))
    path = f"/workflow/instance/{started(lab)}"
    assert lab.call("DELETE", path, body).status == 400
    assert lab.call("GET", path).json["status"] == "PENDING"


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("GET", "/history"), ("DELETE", ""), ("POST", "/pause"), ("POST", "/retry")]
)
def test_an_unknown_instance_is_404(lab: Lab, method: str, tail: str) -> None:
    """WR-9: whatever is asked of an instance that does not exist is 404."""
    answer = lab.call(method, f"/workflow/instance/nobody{tail}")
    assert (answer.status, answer.json["code"]) == (404, "instance_not_found")


def test_the_list_has_filters_and_pages(lab: Lab) -> None:
    """WR-9: filters select, a cursor leads from page to page, total counts the selection."""
    lab.register(flow())
    lab.register(flow(name="Other"))
    tagged = {"Content-Type": "application/vnd.reactory.start+json"}
    mine = [
        lab.call("POST", "/workflow/start/lab.Flow", {"tags": ["mine"]}, headers=tagged).json["instanceId"]
        for _ in range(3)
    ]
    lab.call("POST", "/workflow/start/lab.Other", {})
    lab.work()
    query = {"tag": "mine", "status": "COMPLETED,FAILED", "workflowId": "lab.Flow@1.0.0", "limit": "2"}
    first = lab.call("GET", "/workflow/instances", query=query).json
    rest = lab.call("GET", "/workflow/instances", query=query | {"cursor": first["nextCursor"]}).json
    assert sorted(one["instanceId"] for one in first["instances"] + rest["instances"]) == sorted(mine)
    assert (first["total"], rest["nextCursor"]) == (3, None)
    assert lab.call("GET", "/workflow/instances", query={"search": mine[0]}).json["total"] == 1
    assert lab.call("GET", "/workflow/instances", query={"createdAfter": "2027-01-01T00:00:00Z"}).json["total"] == 0
    assert lab.call("GET", "/workflow/instances", query={"status": "RUNNING"}).json["instances"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "ten"),
        ("status", "DONE"),
        ("sort", "name"),
        ("createdAfter", "yesterday"),
        ("staus", "FAILED"),
    ],
)
def test_a_wrong_filter_is_named(lab: Lab, name: str, value: str) -> None:
    """WR-9: a wrong parameter is 400 and named; a misspelt one does not select everything."""
    answer = lab.call("GET", "/workflow/instances", query={name: value})
    assert (answer.status, answer.json["code"]) == (400, "invalid_request")
    assert answer.json["message"].startswith(f"{name}:")


def test_a_broken_cursor_is_400(lab: Lab) -> None:
    """WR-9: a cursor is opaque; one that we did not make is refused."""
    answer = lab.call("GET", "/workflow/instances", query={"cursor": "xyz"})
    assert (answer.status, answer.json["code"]) == (400, "invalid_cursor")


def test_the_history_pages(lab: Lab) -> None:
    """WR-9: every step attempt in order, by sequence number."""
    lab.register(flow(work("a"), work("b")))
    instance_id = started(lab)
    lab.work()
    path = f"/workflow/instance/{instance_id}/history"
    whole = lab.call("GET", path).json
    assert [one["path"] for one in whole["history"] if one["event"] == "step_completed"] == ["a", "b"]
    first = lab.call("GET", path, query={"limit": "1"}).json
    assert first["nextAfter"] == first["history"][0]["seq"]
    rest = lab.call("GET", path, query={"after": first["nextAfter"]}).json
    assert first["history"] + rest["history"] == whole["history"]


class Unavailable:
    """A store that cannot be reached."""

    def get(self, instance_id: str) -> Instance | None:
        raise StoreUnavailableError(f"no primary to ask for {instance_id}; try again")


def test_a_store_that_is_down_is_503(lab: Lab) -> None:
    """WR-16: what may work later is 503 with Retry-After."""
    lab.runner = lab.make_runner(instances=Unavailable())
    answer = lab.call("GET", "/workflow/instance/x")
    assert (answer.status, answer.json["code"]) == (503, "store_unavailable")
    assert answer.headers["Retry-After"] == "1"
