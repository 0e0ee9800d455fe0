"""The scheduler's handlers on a real database, with messages in memory and through SQS's API."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.runner.instant import to_text
from tests.integration.handlers.canonical import canonical, message
from tests.integration.handlers.deployment import Deployment

DOCUMENT = {
    "id": "greetings",
    "name": "Greetings",
    "workflow": {"id": "plant.Scheduled"},
    "schedule": {"cron": "0 0 1 1 *"},
    "overlap": "allow",
}


def make(deployment: Deployment) -> None:
    deployment.register({"id": "say", "type": "log", "config": {"message": "hello"}}, name="Scheduled")
    answer = deployment.request("POST", "/workflow/schedules", body=DOCUMENT)
    assert answer.status == 201, answer.body


def put_back(deployment: Deployment, milliseconds: int) -> int:
    """As if the next slot were so long ago: nobody waits a minute in a test; the slot."""
    ports = deployment.ports
    slot = (ports.clock.now() - milliseconds) // 1000 * 1000
    stored = ports.schedules.get("default", "greetings")
    assert stored is not None
    changed = msgspec.structs.replace(stored, next_at=slot, due_at=slot, revision=stored.revision + 1)
    document = msgspec.json.decode(stored.document)
    document["schedule"] = {"at": to_text(slot)}
    changed = msgspec.structs.replace(changed, document=msgspec.json.encode(document).decode())
    assert ports.schedules.replace(changed, stored.revision)
    return slot


def instances(deployment: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = deployment.request("GET", "/workflow/instances").body["instances"]
    return found


def test_a_slot_fires_once_through_tick_and_queue(deployment: Deployment) -> None:
    """SC-6, SC-12: two ticks, a message that arrives and is doubled, another process: one instance, counted once."""
    make(deployment)
    slot = put_back(deployment, 1000)
    ticked = deployment.invoke("scheduler-tick", canonical("schedule/tick"))
    assert (ticked["claimed"], ticked["hints"]) == (1, 1)
    assert deployment.invoke("scheduler-tick", canonical("schedule/tick"))["claimed"] == 0
    assert deployment.deliver("schedules", wait=2.0) == []
    deployment.cold_start()
    doubled = message("sqs/schedules", f'{{"executionId": "default/greetings/{slot}"}}')
    assert deployment.invoke("scheduler-fire", doubled) == {"batchItemFailures": []}
    (instance,) = instances(deployment)
    assert instance["trigger"] == {"mode": "schedule", "id": f"greetings/{to_text(slot)}", "caller": "greetings"}
    assert deployment.run(instance["instanceId"])["status"] == "COMPLETED"
    found = deployment.request("GET", "/workflow/schedules/greetings").body
    assert (found["runCount"], found["isRunning"], found["nextRun"]) == (1, False, None)
    assert deployment.request("GET", "/workflow/status").body["scheduler"]["executionsToday"] == 1


def test_a_lost_message_is_made_up_by_the_next_tick(deployment: Deployment) -> None:
    """SC-6: messages are hints."""
    make(deployment)
    put_back(deployment, 1000)
    deployment.invoke("scheduler-tick", canonical("schedule/tick"))
    assert deployment.lose("schedules") >= 1
    assert deployment.invoke("scheduler-tick", canonical("schedule/tick"))["hints"] == 1
    deployment.deliver("schedules", wait=2.0)
    assert len(instances(deployment)) == 1


def test_a_poisoned_message_fails_alone(deployment: Deployment) -> None:
    """WR-11: what names no execution is answered as failed, for the dead-letter queue; the rest of the batch is done."""
    make(deployment)
    slot = put_back(deployment, 1000)
    deployment.invoke("scheduler-tick", canonical("schedule/tick"))
    bodies = ("{", '{"id": 1}', f'{{"executionId": "default/greetings/{slot}"}}')
    answer = deployment.invoke("scheduler-fire", message("sqs/schedules", *bodies))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}, {"itemIdentifier": "m-1"}]}
    assert len(instances(deployment)) == 1


def test_an_outage_is_counted(deployment: Deployment) -> None:
    """SC-13: a slot of an hour ago was missed; it is counted once, whatever number of ticks sees it."""
    make(deployment)
    put_back(deployment, 3_600_000)
    for _ in range(3):
        deployment.invoke("scheduler-tick", canonical("schedule/tick"))
    assert instances(deployment) == []
    assert deployment.request("GET", "/workflow/schedules/greetings").body["missedCount"] == 1
    (record,) = deployment.request("GET", "/workflow/schedules/greetings/executions").body["executions"]
    assert (record["status"], record["missed"]) == ("missed", 1)
