"""``workflow.trigger`` messages: once each, told back to who asked, poison set aside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory.ports.queue import Message
from tests.integration.handlers.canonical import message
from tests.integration.handlers.deployment import CONSUMER_OF, Deployment

TRIGGER = "sqs/trigger"
POISON = ["", "{", "[]", '"text"', "{}", '{"workflowId": 7}', '{"workflowId": "plant.Nothing"}']


def trigger(name: str = "Ada", **more: Any) -> str:
    return json.dumps({"id": "plant.Greet", "data": {"name": name}, "src": "shop", **more})


def test_a_trigger_is_answered_on_the_bus(deployment: Deployment) -> None:
    """IM-4: who sent the message finds started and completed on the bus, under the correlation id of the message."""
    deployment.ports.queue.send("triggers", [Message(json.loads(trigger(correlationId="cart-7")))])
    assert deployment.deliver("triggers", wait=1.0) == []
    (instance,) = deployment.request("GET", "/workflow/instances").body["instances"]
    assert deployment.run(instance["instanceId"])["outputs"]["text"] == "Hello Ada"
    told = [(detail["correlationId"], detail["status"]) for detail in deployment.told()]
    assert told == [("cart-7", "RUNNING"), ("cart-7", "COMPLETED")]


def test_a_trigger_that_fails_is_answered_too(deployment: Deployment) -> None:
    """IM-4: a failure is told under the same correlation id, with its reason."""
    body = {"workflowId": "plant.Refuse", "data": {"fixed": "/nowhere"}, "correlationId": "cart-8"}
    deployment.ports.queue.send("triggers", [Message(body)])
    deployment.deliver("triggers", wait=1.0)
    (instance,) = deployment.request("GET", "/workflow/instances").body["instances"]
    deployment.run(instance["instanceId"])
    last = next(detail for detail in deployment.told() if detail["status"] == "FAILED")
    assert last["correlationId"] == "cart-8"
    assert last["reason"]["stepId"] == "refuse"


def test_a_message_that_comes_twice_starts_once(deployment: Deployment) -> None:
    """IM-4, WR-13: SQS delivers at least once; a message id starts one instance, also in another process."""
    event = message(TRIGGER, trigger())
    for _ in range(2):
        assert deployment.invoke("runner-trigger", event) == {"batchItemFailures": []}
        deployment.cold_start()
    assert deployment.request("GET", "/workflow/instances").body["total"] == 1


def test_poison_is_named_and_the_rest_is_started(deployment: Deployment) -> None:
    """WR-11, IM-4: whatever is no trigger fails alone; the messages around it start their instances."""
    event = message(TRIGGER, trigger("Ada"), *POISON, trigger("Bob"))
    bad = [record["messageId"] for record in event["Records"][1:-1]]
    result = deployment.invoke("runner-trigger", event)
    assert sorted(item["itemIdentifier"] for item in result["batchItemFailures"]) == sorted(bad)
    listed = deployment.request("GET", "/workflow/instances").body["instances"]
    assert sorted(deployment.see(one["instanceId"])["input"]["name"] for one in listed) == ["Ada", "Bob"]


@pytest.mark.parametrize("queue", ["triggers", "wakeups-normal"])
def test_poison_ends_in_the_dead_letter_queue(deployment: Deployment, queue: str) -> None:
    """WR-11: what can never be read is delivered as often as the topology says, then set aside, not for ever."""
    (limit,) = (spec.max_receives for spec in CONSUMER_OF[queue].queues if spec.name == queue)
    deployment.ports.queue.send(queue, [Message({"no": "such thing"})])
    for _ in range(limit):
        assert [json.loads(body) for body in deployment.deliver(queue, wait=1.0)] == [{"no": "such thing"}]
    assert deployment.deliver(queue) == []
    assert deployment.depth(queue).visible == 0
    assert deployment.depth(f"{queue}-dead").visible == 1


def test_a_wake_up_that_cannot_be_read_stops_no_other(deployment: Deployment) -> None:
    """WR-11: the worker names the malformed message, and advances the instances of the others."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada"})
    event = message("sqs/wakeups", "no json", json.dumps({"instanceId": instance_id}), '{"instanceId": 5}', "{}")
    result = deployment.invoke("host-worker", event)
    assert [item["itemIdentifier"] for item in result["batchItemFailures"]] == ["m-0", "m-2", "m-3"]
    assert deployment.see(instance_id)["status"] == "COMPLETED"
