"""What instances wait for, through every entry point: HTTP, the queue of events, the bus; people and external workers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from reactory.ports.bus import BusEvent
from reactory.ports.queue import Message
from tests.integration.handlers.canonical import canonical
from tests.integration.handlers.deployment import CONSUMER_OF, Deployment

PAID = {"id": "paid", "type": "wait_event", "config": {"eventName": "paid", "eventKey": "input.order"}}
ASK = {"id": "ask", "type": "user_activity", "config": {"activityType": "approval", "assignee": "ann"}}
PRINT = {
    "id": "print",
    "type": "activity",
    "config": {"activityName": "print", "parameters": {"order": "${input.order}"}},
}
AMOUNT = {"amount": 5}
POISON = ["", "{", "[]", "{}", '{"name": ""}', '{"name": "paid", "eventTime": "soon"}', '{"detail-type": "x"}']


def waiting(deployment: Deployment, *steps: dict[str, Any], order: str = "o1") -> str:
    """A new instance, run until it waits."""
    deployment.register(*steps, name="Wait")
    instance_id = deployment.start("plant.Wait", {"order": order})
    while deployment.see(instance_id)["activity"] in (None, "executing"):
        deployment.deliver("wakeups-normal", wait=1.0)
    assert deployment.see(instance_id)["activity"].startswith("waiting for")
    return instance_id


def by_http(deployment: Deployment) -> None:
    answer = deployment.request("POST", "/workflow/events/paid/o1", body=AMOUNT)
    assert answer.status == 202, answer.body


def by_signal(deployment: Deployment) -> None:
    (instance,) = deployment.request("GET", "/workflow/instances").body["instances"]
    answer = deployment.request("POST", f"/workflow/instance/{instance['instanceId']}/signal/paid", body=AMOUNT)
    assert answer.status == 202, answer.body


def by_message(deployment: Deployment) -> None:
    deployment.ports.queue.send("events", [Message({"name": "paid", "key": "o1", "data": AMOUNT})])
    assert deployment.deliver("events", wait=1.0) == []


def by_bus(deployment: Deployment) -> None:
    detail = {"eventName": "paid", "eventKey": "o1", "data": AMOUNT}
    deployment.ports.bus.publish([BusEvent("e-1", "shop", "Order Paid", detail, time.time_ns() // 1_000_000)])
    assert deployment.deliver("events", wait=1.0) == []


@pytest.mark.parametrize("publish", [by_http, by_signal, by_message, by_bus])
def test_an_event_reaches_who_waits(deployment: Deployment, publish: Callable[[Deployment], None]) -> None:
    """WH-9, IM-5, WR-9: however an event comes, the instance that waits for it goes on with its data."""
    instance_id = waiting(deployment, PAID)
    publish(deployment)
    seen = deployment.run(instance_id)
    assert (seen["status"], seen["steps"][0]["output"]) == ("COMPLETED", AMOUNT)


def test_an_event_of_the_bus_is_published_under_its_detail_type(deployment: Deployment) -> None:
    """IM-5: an event that says nothing else is published as its detail-type, its detail being the data."""
    instance_id = waiting(deployment, {"id": "any", "type": "wait_event", "config": {"eventName": "Stock Arrived"}})
    event = BusEvent("e-2", "warehouse.stock", "Stock Arrived", {"quantity": 40}, time.time_ns() // 1_000_000)
    deployment.ports.bus.publish([event])
    deployment.deliver("events", wait=1.0)
    assert deployment.run(instance_id)["steps"][0]["output"] == {"quantity": 40}


def test_the_engines_own_events_do_not_come_back(deployment: Deployment) -> None:
    """IM-5: the rule of the bus takes what others publish; the engine's status events are not events for workflows."""
    instance_id = waiting(deployment, PAID)
    by_http(deployment)
    deployment.run(instance_id)
    assert deployment.told(instance_id)
    assert deployment.deliver("events") == []
    assert deployment.depth("events").visible == 0


def test_the_canonical_events_are_published_once(deployment: Deployment) -> None:
    """WH-11: the same messages again change nothing, also in another process: one wait took the payment, the next waits on."""
    config = {"eventName": "paid", "eventKey": "input.order", "effectiveDate": "2025-12-31T00:00:00Z"}
    first = PAID | {"config": config}
    instance_id = waiting(deployment, first, first | {"id": "paid_again"}, order="order-1001")
    for _ in range(2):
        assert deployment.invoke("host-events", canonical("sqs/events")) == {"batchItemFailures": []}
        deployment.cold_start()
    while deployment.see(instance_id)["activity"] == "executing" or deployment.depth("wakeups-normal").visible:
        deployment.deliver("wakeups-normal", wait=1.0)
    steps = {step["id"]: step for step in deployment.see(instance_id)["steps"]}
    assert steps["paid"]["output"] == {"amount": 20550, "currency": "EUR"}
    assert steps["paid_again"]["status"] == "WAITING"


@pytest.mark.parametrize("poison", POISON)
def test_a_message_that_is_no_event_fails_alone(deployment: Deployment, poison: str) -> None:
    """WR-11: whatever is no event is named as failed; the others of the batch are published."""
    record = canonical("sqs/events")["Records"][1]
    good = json.dumps({"name": "paid", "key": "o1"})
    event = {"Records": [record | {"messageId": "m-0", "body": poison}, record | {"messageId": "m-1", "body": good}]}
    result = deployment.invoke("host-events", event)
    assert result == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


def test_poison_among_the_events_is_set_aside(deployment: Deployment) -> None:
    """WR-11: it comes as often as the topology says, then it lies in the dead-letter queue."""
    (spec,) = (queue for queue in CONSUMER_OF["events"].queues if queue.name == "events")
    deployment.ports.queue.send("events", [Message({"no": "event"})])
    for _ in range(spec.max_receives):
        assert [json.loads(body) for body in deployment.deliver("events", wait=1.0)] == [{"no": "event"}]
    assert deployment.deliver("events") == []
    assert deployment.depth("events-dead").visible == 1


def test_a_person_answers(deployment: Deployment) -> None:
    """WH-5, YF-7: nothing runs while a task is open; its answer is the step's output."""
    instance_id = waiting(deployment, ASK)
    (task,) = deployment.request("GET", "/workflow/tasks", query={"assignee": "ann"}).body["tasks"]
    deployment.cold_start()
    body = {"action": "approve", "user": "ann"}
    assert deployment.request("POST", f"/workflow/tasks/{task['taskId']}/complete", body=body).status == 200
    seen = deployment.run(instance_id)
    assert seen["steps"][0]["output"] == {"action": "approve", "user": "ann", "data": None}
    assert deployment.request("GET", "/workflow/tasks").body["tasks"] == []


def test_a_worker_answers(deployment: Deployment) -> None:
    """WH-5: an external worker takes the activity, says that it lives, and answers with its token."""
    instance_id = waiting(deployment, PRINT)
    taken = deployment.request("POST", "/workflow/activities/print/take", body={"worker": "w1", "leaseMs": 5000})
    (activity,) = taken.body["activities"]
    assert activity["parameters"] == {"order": "o1"}
    path = f"/workflow/activities/{activity['token']}"
    assert deployment.request("POST", f"{path}/heartbeat", body={"leaseMs": 60_000}).status == 200
    assert deployment.request("POST", f"{path}/complete", body={"result": {"pages": 3}}).status == 200
    assert deployment.request("POST", f"{path}/complete", body={"result": {"pages": 3}}).status == 409
    assert deployment.run(instance_id)["steps"][0]["output"] == {"pages": 3}
