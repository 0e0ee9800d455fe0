"""An order that waits for its payment and for a person, on the whole stack, through every door."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
from typer.testing import CliRunner

from reactory.cli.main import app
from reactory.ports.bus import BusEvent
from reactory.ports.queue import Message
from tests.e2e.api import Api, until

PAID = {
    "id": "paid",
    "type": "wait_event",
    "config": {"eventName": "paid", "eventKey": "input.order", "timeout": 60_000},
}
ASK = {
    "id": "ask",
    "type": "user_activity",
    "config": {"activityType": "approval", "assignee": "ann", "message": "send ${input.order}?"},
}
PRINT = {"id": "label", "type": "activity", "config": {"activityName": "e2e-print", "parameters": "${input.order}"}}
ORDER = {
    "nameSpace": "e2e",
    "name": "Order",
    "version": "1.0.0",
    "inputs": {"order": {"type": "string", "required": True}},
    "steps": [PAID, ASK, PRINT],
    "outputs": {
        "amount": {"type": "number", "source": "steps.paid.outputs.amount"},
        "by": {"type": "string", "source": "steps.ask.outputs.user"},
        "label": {"type": "string", "source": "steps.label.outputs.file"},
    },
}


def order(api: Api, number: str) -> str:
    """A new order that waits for its payment."""
    response = api.post("/workflow/workflows", ORDER)
    assert response.status_code in (200, 201), response.text
    instance_id = api.start("e2e.Order", {"order": number})
    waits(api, instance_id, f"event paid (key {number})")
    return instance_id


def waits(api: Api, instance_id: str, what: str) -> None:
    until(lambda: api.see(instance_id), lambda seen: seen["activity"] == f"waiting for {what}")


def accepted(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code in (200, 202), response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_an_order_waits_for_its_payment_a_person_and_a_printer(api: Api) -> None:
    """WH-5, WH-9, YF-7: paid over HTTP, approved by ann, printed by a worker: each goes on from where it waited."""
    instance_id = order(api, "o-1")
    accepted(api.post("/workflow/events/paid/o-1", {"amount": 120}, headers={"Idempotency-Key": "p-1"}))
    accepted(api.post("/workflow/events/paid/o-1", {"amount": 120}, headers={"Idempotency-Key": "p-1"}))
    waits(api, instance_id, "ann")
    (task,) = until(lambda: api.get("/workflow/tasks", instanceId=instance_id)["tasks"], bool)
    assert task["message"] == "send o-1?"
    accepted(api.post(f"/workflow/tasks/{task['taskId']}/complete", {"action": "approve", "user": "ann"}))
    waits(api, instance_id, "activity e2e-print")
    take = "/workflow/activities/e2e-print/take"
    (work,) = until(lambda: accepted(api.post(take, {"worker": "printer-1"}))["activities"], bool)
    assert work["parameters"] == "o-1"
    accepted(api.post(f"/workflow/activities/{work['token']}/complete", {"result": {"file": "o-1.pdf"}}))
    seen = api.finished(instance_id)
    assert (seen["status"], seen["outputs"]) == ("COMPLETED", {"amount": 120, "by": "ann", "label": "o-1.pdf"})


def test_payments_come_through_queue_and_bus(api: Api) -> None:
    """WH-9, IM-5: a message in the queue of events, and an event that somebody else put on the bus."""
    by_message, by_bus = order(api, "o-2"), order(api, "o-3")
    api.stack.queue.send("events", [Message({"name": "paid", "key": "o-2", "data": {"amount": 2}})])
    detail = {"eventName": "paid", "eventKey": "o-3", "data": {"amount": 3}}
    api.stack.bus.publish([BusEvent("e-3", "bank", "Payment Received", detail, time.time_ns() // 1_000_000)])
    for instance_id in (by_message, by_bus):
        waits(api, instance_id, "ann")


def test_an_event_of_the_future_comes_at_its_time(api: Api) -> None:
    """WH-9: an event whose time lies ahead is delivered then, by a message with a delay."""
    instance_id = order(api, "o-4")
    due = time.time() + 1.5
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(due)) + f".{int(due % 1 * 1000):03}Z"
    accepted(api.post("/workflow/events/paid/o-4", {"amount": 4}, eventTime=at))
    waits(api, instance_id, "ann")
    assert time.time() >= int(due * 1000) / 1000


def test_the_command_line_answers_too(api: Api) -> None:
    """IM-7, WR-9: signal, task list, task complete against the running stack."""
    instance_id = order(api, "o-5")

    def reactory(*arguments: str) -> Any:
        result = CliRunner().invoke(app, [*arguments, "-o", "json"], env={"REACTORY_URL": api.stack.url})
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    assert reactory("instance", "signal", instance_id, "paid", "--data", '{"amount": 5}')["eventId"]
    (task,) = until(lambda: reactory("task", "list", "--instance", instance_id)["tasks"], bool)
    reactory("task", "complete", task["taskId"], "--action", "reject", "--user", "ann")
    waits(api, instance_id, "activity e2e-print")
