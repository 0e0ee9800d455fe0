"""What an instance that waits says about itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reactory.kernel.machine import rfc3339
from reactory.testing.engine import BEGIN

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

EVENT = {"id": "w", "type": "wait_event", "config": {"eventName": "paid", "eventKey": "input.order"}}
ANY = {"id": "w", "type": "wait_event", "config": {"eventName": "paid"}}
ANN = {"id": "w", "type": "user_activity", "config": {"activityType": "approval", "assignee": "ann"}}
NOBODY = {"id": "w", "type": "user_activity", "config": {"activityType": "review"}}
PRINT = {"id": "w", "type": "activity", "config": {"activityName": "print", "timeout": 60_000}}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (EVENT, "event paid (key o1)"),
        (ANY, "event paid"),
        (ANN, "ann"),
        (NOBODY, "somebody (review)"),
        (PRINT, "activity print"),
    ],
)
def test_an_instance_says_what_it_waits_for(engine: Engine, step: dict[str, Any], expected: str) -> None:
    """WR-9: ``activity`` of the instance, and ``waitingFor`` of the step, say it in words; a time-out changes nothing."""
    run = engine.start(engine.register(engine.document(step)), {"order": "o1"})
    engine.work()
    seen = engine.see(run)
    assert seen["activity"] == f"waiting for {expected}"
    assert (seen["steps"][0]["status"], seen["steps"][0]["waitingFor"]) == ("WAITING", expected)


def test_the_waits_are_listed(engine: Engine) -> None:
    """WR-9: each wait with its kind, path, name, key and since when, as JSON."""
    later = {"id": "nap", "type": "delay", "dependsOn": [], "config": {"duration": 1000}}
    user = {**ANN, "id": "ask", "dependsOn": ["nap"]}
    run = engine.start(engine.register(engine.document({**EVENT, "dependsOn": ["nap"]}, later, user)), {"order": "o1"})
    engine.work()
    engine.advance(1000)
    seen = json.loads(json.dumps(engine.see(run)))
    begun = rfc3339(BEGIN + 1000)
    event, person = sorted(seen["waits"], key=lambda wait: str(wait["kind"]))
    assert event == {
        "id": event["id"],
        "kind": "event",
        "path": "w",
        "name": "paid",
        "key": "o1",
        "since": begun,
        "effectiveDate": rfc3339(BEGIN),
    }
    assert person == {
        "id": person["id"],
        "kind": "user",
        "path": "ask",
        "name": "approval",
        "key": None,
        "since": begun,
        "assignee": "ann",
    }
    assert sorted(seen["activity"].removeprefix("waiting for ").split(", ")) == ["ann", "event paid (key o1)"]


def test_a_parent_waits_for_its_child(engine: Engine) -> None:
    """WR-9: a parent names the instance that it waits for, which tells what it waits for itself."""
    child = engine.register(engine.document(ANN, name="Child"))
    call = {"id": "call", "type": "invoke_workflow", "config": {"workflowId": child, "waitForCompletion": True}}
    run = engine.start(engine.register(engine.document(call, name="Parent")))
    engine.work()
    seen = engine.see(run)
    (wait,) = seen["waits"]
    assert (wait["kind"], wait["name"]) == ("child", child)
    assert seen["activity"] == f"waiting for instance {wait['id']}"
    assert engine.see(wait["id"])["activity"] == "waiting for ann"


def test_many_waits_are_counted(engine: Engine) -> None:
    """WR-9: three waits are named, of the others the line says how many there are; the list has all."""
    steps = [{**ANY, "id": f"w{n}", "config": {"eventName": f"e{n}"}} for n in range(5)]
    body = [{"name": f"b{n}", "steps": [step]} for n, step in enumerate(steps)]
    run = engine.start(
        engine.register(engine.document({"id": "all", "type": "parallel", "config": {"branches": body}}))
    )
    engine.work()
    seen = engine.see(run)
    assert seen["activity"] == "waiting for event e0, event e1, event e2 and 2 more"
    assert [wait["name"] for wait in seen["waits"]] == [f"e{n}" for n in range(5)]


def test_what_is_over_waits_for_nothing(engine: Engine) -> None:
    """WR-9: an answered or cancelled wait is not listed, not even before a worker has come to it."""
    run = engine.start(engine.register(engine.document(ANY)))
    engine.work()
    engine.runner.events.publish("paid", "k")
    seen = engine.see(run)
    assert (seen["waits"], seen["activity"]) == ([], None)
    engine.clock.advance(60_000)
    other = engine.start(engine.register(engine.document(ANY, name="Other")))
    engine.work()
    engine.runner.control.control(other, "pause")
    assert (engine.see(other)["activity"], len(engine.see(other)["waits"])) == (None, 1)
    engine.runner.control.control(other, "cancel")
    assert (engine.see(other)["activity"], engine.see(other)["waits"]) == (None, [])
