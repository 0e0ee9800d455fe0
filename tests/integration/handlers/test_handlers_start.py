"""From a request to a result, through the queue: what the API promises and the worker keeps."""

from __future__ import annotations

from typing import Any

from reactory.local.sqs_event import to_event
from tests.integration.handlers.deployment import Deployment

QUEUE = "wakeups-normal"


def test_a_start_becomes_a_message_and_the_message_a_result(deployment: Deployment) -> None:
    """IM-1, WR-6, YF-9: a start answers with an instance that can be read at once; its wake-up makes it COMPLETED."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada", "times": 2})
    assert deployment.see(instance_id)["status"] == "PENDING"
    assert deployment.depth(QUEUE).visible == 1
    assert deployment.deliver(QUEUE) == []
    seen = deployment.see(instance_id)
    assert seen["status"] == "COMPLETED"
    assert seen["outputs"] == {"text": "Hello Ada Hello Ada", "twice": 4}
    depth = deployment.depth(QUEUE)
    assert (depth.visible, depth.in_flight, depth.delayed) == (0, 0, 0)


def test_the_bus_tells_what_happened_to_an_instance(deployment: Deployment) -> None:
    """WH-23, IM-4: each change of status is published once, with what it was before and the correlation id."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada"}, **{"x-correlation-id": "call-7"})
    deployment.run(instance_id)
    told = deployment.told(instance_id)
    assert [(detail["previousStatus"], detail["status"]) for detail in told] == [
        ("PENDING", "RUNNING"),
        ("RUNNING", "COMPLETED"),
    ]
    assert {(detail["workflowId"], detail["version"], detail["correlationId"]) for detail in told} == {
        ("plant.Greet", "1.0.0", "call-7")
    }


def test_a_finished_instance_owes_nobody_anything(deployment: Deployment) -> None:
    """WH-4: after its end an instance has no lease, no wake-up and nothing to tell, so no sweep finds it."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada"})
    deployment.run(instance_id)
    stored = deployment.ports.instances.get(instance_id)
    assert stored is not None
    assert (stored.lease_until, stored.wake_at, stored.outbox, stored.journal, stored.inbox) == (None, None, [], [], [])
    assert deployment.invoke("host-sweeper", {}) == {"hints": 0, "more": False}


def test_a_wake_up_that_comes_twice_does_nothing_twice(deployment: Deployment) -> None:
    """WH-19: a doubled or late wake-up finds nothing to do; no finished step runs again."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada"})
    batch = deployment.receiver.receive(QUEUE, 10)
    event = to_event(QUEUE, [*batch, *batch])
    assert deployment.invoke("host-worker", event) == {"batchItemFailures": []}
    assert deployment.invoke("host-worker", event) == {"batchItemFailures": []}
    assert ends(deployment.history(instance_id)) == ["greet"]
    assert len(deployment.told(instance_id)) == 2


def test_one_token_starts_one_instance(deployment: Deployment) -> None:
    """WR-13: the same Idempotency-Key gives the same instance, with another body it is a conflict."""
    first = deployment.start("plant.Greet", {"name": "Ada"}, **{"idempotency-key": "one"})
    again = deployment.start("plant.Greet", {"name": "Ada"}, **{"idempotency-key": "one"})
    other = deployment.request(
        "POST", "/workflow/start/plant.Greet", body={"name": "Bob"}, headers={"idempotency-key": "one"}
    )
    assert again == first
    assert (other.status, other.body["code"]) == (409, "idempotency_conflict")
    assert deployment.request("GET", "/workflow/instances").body["total"] == 1


def test_a_batch_of_wake_ups_is_worked_off_together(deployment: Deployment) -> None:
    """WH-2, WH-20: one message batch advances as many instances, each to its own result."""
    names = [f"guest-{number}" for number in range(8)]
    ids = {deployment.start("plant.Greet", {"name": name}): name for name in names}
    while deployment.depth(QUEUE).visible:
        assert deployment.deliver(QUEUE) == []
    for instance_id, name in ids.items():
        assert deployment.see(instance_id)["outputs"]["text"] == f"Hello {name}"


def test_every_invocation_may_be_a_cold_start(deployment: Deployment) -> None:
    """WR-12, WH-1: processes that know nothing but the database give the result that a warm one gives."""
    warm = deployment.run(deployment.start("plant.Greet", {"name": "Ada", "times": 3}))
    deployment.cold_start()
    instance_id = deployment.start("plant.Greet", {"name": "Ada", "times": 3})
    deployment.cold_start()
    assert deployment.deliver(QUEUE) == []
    deployment.cold_start()
    assert said(deployment.see(instance_id)) == said(warm)


def test_an_operator_acts_on_what_is_stored(deployment: Deployment) -> None:
    """WR-9, CA-2: each request is seen at once by processes that have read before, and honoured by the next worker."""
    instance_id = deployment.start("plant.Nap", {"duration": 3_600_000})
    deployment.deliver(QUEUE)
    path = f"/workflow/instance/{instance_id}"
    assert deployment.see(instance_id)["activity"].startswith("sleeping until ")
    for method, action, status in (
        ("POST", "/pause", "PAUSED"),
        ("POST", "/resume", "RUNNING"),
        ("DELETE", "", "CANCELLED"),
    ):
        deployment.cold_start()
        changed = deployment.request(method, path + action, body={"reason": "because"})
        assert (changed.status, changed.body["status"]) == (200, status)
        assert deployment.see(instance_id)["status"] == status
        assert deployment.deliver(QUEUE) == []
        assert deployment.see(instance_id)["status"] == status
        (listed,) = deployment.request("GET", "/workflow/instances").body["instances"]
        assert listed["status"] == status
    refused = deployment.request("POST", f"{path}/resume")
    assert (refused.status, refused.body["code"]) == (409, "illegal_transition")
    assert [detail["status"] for detail in deployment.told(instance_id)] == [
        "RUNNING",
        "PAUSED",
        "RUNNING",
        "CANCELLED",
    ]


def ends(history: list[dict[str, Any]]) -> list[str]:
    """The paths of the steps that succeeded, in order."""
    return [entry["path"] for entry in history if entry["event"] == "step_completed"]


def said(seen: dict[str, Any]) -> Any:
    """What does not differ between two instances with the same input."""
    steps = [(step["path"], step["status"], step.get("attempt")) for step in seen["steps"]]
    return seen["status"], seen["input"], seen["outputs"], seen["variables"], steps
