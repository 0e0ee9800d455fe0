"""Every function of the topology takes the canonical events of its triggers, in memory mode and against moto."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory.topology import FUNCTIONS
from tests.integration.handlers.canonical import canonical, events_of
from tests.integration.handlers.deployment import FUNCTION_OF, Deployment

CASES = [(spec.name, event) for spec in FUNCTIONS for event in events_of(spec)]
RESULTS = {
    "schedule/sweep": {"hints": 0, "more": False},
    "schedule/tick": {"claimed": 0, "missed": 0, "hints": 0, "more": False},
}
STATUS = {
    "api/start": 201,
    "api/create-schedule": 201,
    "api/list-instances": 200,
    "api/get-instance": 404,
    "api/publish-event": 202,
    "api/unknown-route": 404,
    "api/list-errors": 200,
    "api/list-dead-letters": 200,
    "api/redrive": 200,
}


def test_every_function_has_a_canonical_event() -> None:
    """What no event exists for would be tested by none of these tests."""
    assert {name for name, _ in CASES} == set(FUNCTION_OF)


@pytest.mark.parametrize(("function", "event"), CASES)
def test_a_canonical_event_is_answered_as_its_trigger_expects(
    deployment: Deployment, function: str, event: str
) -> None:
    """IM-1, IM-4: HTTP responses to API Gateway, partial batch responses to SQS, counts to the minute rules."""
    result: dict[str, Any] = deployment.invoke(function, canonical(event))
    if event in STATUS:
        assert result["statusCode"] == STATUS[event]
        assert json.loads(result["body"])
        assert result["isBase64Encoded"] is False
    elif event.startswith("sqs/"):
        assert result == {"batchItemFailures": []}
    elif event.startswith("deployment/"):
        assert result["workflows"]
        assert not result["faults"]
    else:
        assert result == RESULTS[event]


def test_the_canonical_order_runs_to_its_end(deployment: Deployment) -> None:
    """IM-1, WH-5: the order that API Gateway brings is checked, paid and shipped by the worker that the queue wakes."""
    started = deployment.answer(canonical("api/start"))
    assert started.status == 201
    assert started.headers["location"] == f"/workflow/instance/{started.body['instanceId']}"
    seen = deployment.run(started.body["instanceId"])
    assert seen["status"] == "COMPLETED", seen["reason"]
    assert seen["outputs"]["status"] == "shipped"
    assert seen["outputs"]["total"] == 20550
    assert len(seen["outputs"]["reservations"]) == 3
    charges = [entry["event"] for entry in deployment.history(seen["instanceId"]) if entry.get("path") == "charge"]
    assert [event for event in charges if event != "step"] == ["step_failed", "step_failed", "step_completed"]
    assert [detail["status"] for detail in deployment.told(seen["instanceId"])] == ["RUNNING", "COMPLETED"]


def test_the_canonical_trigger_starts_its_order(deployment: Deployment) -> None:
    """IM-4, IM-8: the message names workflow, version, data, sender and correlation id; the instance records them."""
    event = canonical("sqs/trigger")
    assert deployment.invoke("runner-trigger", event) == {"batchItemFailures": []}
    (instance,) = deployment.request("GET", "/workflow/instances").body["instances"]
    seen = deployment.see(instance["instanceId"])
    record = event["Records"][0]
    assert (seen["workflowId"], seen["version"]) == ("acme-orders.Fulfil", "1.0.0")
    assert seen["trigger"] == {"mode": "event", "id": record["messageId"], "caller": "shop"}
    assert seen["correlationId"] == "cart-77"
    assert seen["input"]["orderId"] == "order-1002"
    assert deployment.depth("wakeups-high").visible == 1
