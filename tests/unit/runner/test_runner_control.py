"""Pause, resume, cancel, retry: what is allowed when, and what it does to the persisted instance."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from reactory.adapters.memory.instances import MemoryInstances
from reactory.exceptions import IllegalTransitionError, InstanceNotFoundError, InvalidRequestError
from reactory.kernel.facts import Control, ControlAction, StatusAction, encode_fact
from reactory.kernel.state import TRANSITIONS
from reactory.ports.store import InboxEntry, Instance
from reactory.runner.transitions import SOURCES, STATUSES, TARGETS, check_transition
from tests.unit.runner.lab import Lab, flow, work

ALLOWED = {
    ("PENDING", "pause"),
    ("RUNNING", "pause"),
    ("PAUSED", "resume"),
    ("PENDING", "cancel"),
    ("RUNNING", "cancel"),
    ("PAUSED", "cancel"),
    ("FAILED", "retry"),
}
SLEEPY = {"id": "nap", "type": "delay", "config": {"duration": 60_000}}


def running(lab: Lab) -> str:
    """An instance that is RUNNING, asleep in a delay."""
    lab.register(flow(SLEEPY, work("after")))
    instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
    lab.work()
    return instance_id


def in_status(lab: Lab, status: str) -> str:
    """An instance that has come to this status in the ordinary way."""
    if status == "PENDING":
        lab.register(flow())
        return lab.runner.start.start_workflow("lab.Flow").instance.id
    if status == "COMPLETED":
        lab.register(flow())
        instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
        lab.work()
        return instance_id
    if status == "FAILED":
        lab.failing.add("charge")
        lab.register(flow(work("reserve"), work("charge", retryPolicy={"maxAttempts": 1}), work("ship")))
        instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
        lab.work()
        return instance_id
    instance_id = running(lab)
    action: dict[str, ControlAction] = {"PAUSED": "pause", "CANCELLED": "cancel"}
    if status in action:
        lab.runner.control.control(instance_id, action[status])
        lab.work()
    return instance_id


@pytest.mark.parametrize("action", get_args(StatusAction))
@pytest.mark.parametrize("status", [status for status in STATUSES if status != "CLEANING_UP"])
def test_only_the_allowed_moves_are_made(lab: Lab, status: str, action: ControlAction) -> None:
    """LC-1, WH-17: every other move is refused with both states named, and the instance is as it was."""
    instance_id = in_status(lab, status)
    before = lab.runner.query.get(instance_id)
    assert before["status"] == status
    if (status, action) in ALLOWED:
        answer = lab.runner.control.control(instance_id, action, reason="by test")
        expected = "RUNNING" if action == "retry" else TARGETS[action]
        assert (answer.instance_id, answer.status) == (instance_id, expected)
        lab.work()
        after = lab.runner.query.get(instance_id)["status"]
        assert after == ("FAILED" if action == "retry" else expected)  # what was broken has not been mended
    else:
        with pytest.raises(IllegalTransitionError, match=f"{status}.*{TARGETS[action]}"):
            lab.runner.control.control(instance_id, action)
        assert lab.runner.query.get(instance_id) == before


@pytest.mark.parametrize("action", get_args(StatusAction))
def test_what_is_being_cleaned_up_takes_no_orders(action: ControlAction) -> None:
    """LC-1: nothing leads out of CLEANING_UP."""
    with pytest.raises(IllegalTransitionError, match="CLEANING_UP"):
        check_transition("i", action, "CLEANING_UP")


def test_an_operators_moves_are_moves_of_the_table() -> None:
    """LC-1: what an operator may ask for is reached by allowed transitions only."""
    for action in get_args(StatusAction):
        for source in SOURCES[action]:
            steps = {source} | (TRANSITIONS[source] if (source, action) == ("PENDING", "pause") else set())
            assert any(TARGETS[action] in TRANSITIONS[step] for step in steps), (source, action)


def test_a_request_acts_from_any_process(lab: Lab) -> None:
    """WR-9, WR-12: an instance that one process started is paused by another and resumed by a third."""
    instance_id = running(lab)
    assert lab.make_runner().control.control(instance_id, "pause").status == "PAUSED"
    assert lab.make_runner().control.control(instance_id, "resume").status == "RUNNING"
    lab.work()
    lab.sleep(61)
    assert lab.runner.query.get(instance_id)["status"] == "COMPLETED"


def test_a_cancelled_instance_keeps_the_reason(lab: Lab) -> None:
    """WR-9, LC-13: cancel records its reason and who asked, and the instance is finished."""
    instance_id = running(lab)
    lab.runner.control.control(instance_id, "cancel", reason="ordered twice", caller="ada")
    lab.work()
    found = lab.runner.query.get(instance_id)
    assert found["reason"] == {"code": "cancelled", "message": "ordered twice", "by": "ada"}
    assert found["completedAt"] is not None


def test_a_failed_instance_is_taken_up_at_the_failed_step(lab: Lab) -> None:
    """WR-9: after the fix, retry runs the failed step and what follows, not what had finished."""
    instance_id = in_status(lab, "FAILED")
    lab.failing.clear()
    lab.runner.control.control(instance_id, "retry")
    lab.work()
    history = lab.runner.query.history(instance_id).history
    finished = [entry.path for entry in history if entry.event == "step_completed"]
    assert finished == ["reserve", "charge", "ship"]
    assert lab.runner.query.get(instance_id)["status"] == "COMPLETED"


def test_a_request_sends_a_hint(lab: Lab) -> None:
    """WR-9: the owner, or a worker, is told that the inbox holds something."""
    instance_id = running(lab)
    lab.runner.control.control(instance_id, "pause")
    (received,) = lab.queue.receive("wakeups-normal", 10)
    assert msgspec.json.decode(received.body) == {"instanceId": instance_id}


def test_an_unknown_instance_takes_no_orders(lab: Lab) -> None:
    """WR-9: an instance that does not exist, or is another tenant's, is not found."""
    instance_id = running(lab)
    with pytest.raises(InstanceNotFoundError):
        lab.runner.control.control("nobody", "pause")
    with pytest.raises(InstanceNotFoundError):
        lab.runner.control.control(instance_id, "pause", tenant="other")


def test_a_reason_has_an_end(lab: Lab) -> None:
    """WR-9: a reason is a sentence, not a payload."""
    instance_id = running(lab)
    with pytest.raises(InvalidRequestError, match="reason"):
        lab.runner.control.control(instance_id, "cancel", reason="x" * 1001)


class Rival(MemoryInstances):
    """Another operator is a moment faster: ``first`` happens just before the next request is pushed."""

    first: Any = None

    def send(self, instance_id: str, entry: InboxEntry, statuses: Any = None) -> Instance | None:
        faster, self.first = self.first, None
        if faster is not None:
            faster(instance_id)
        return super().send(instance_id, entry, statuses)


@pytest.fixture
def raced(lab: Lab) -> Rival:
    """The lab's store, with a rival."""
    lab.instances = Rival(lab.clock)
    lab.runner = lab.make_runner()
    assert isinstance(lab.instances, Rival)
    return lab.instances


def test_who_comes_second_is_refused(lab: Lab, raced: Rival) -> None:
    """LC-1: two operators pause and cancel at once; the inbox's order decides, and the loser is told."""
    instance_id = running(lab)
    rival = Control(id="rival", action="cancel", at=lab.clock.now())
    raced.first = lambda i: MemoryInstances.send(raced, i, InboxEntry(id="rival", fact=encode_fact(rival)))
    with pytest.raises(IllegalTransitionError, match="CANCELLED"):
        lab.runner.control.control(instance_id, "pause")
    lab.work()
    assert lab.runner.query.get(instance_id)["status"] == "CANCELLED"


def test_an_instance_that_finishes_meanwhile_is_not_touched(lab: Lab, raced: Rival) -> None:
    """LC-1, WH-17: the instance completes between the look and the push: 409, and its inbox stays empty."""
    instance_id = running(lab)
    raced.first = lambda _: lab.sleep(61)
    with pytest.raises(IllegalTransitionError, match="COMPLETED"):
        lab.runner.control.control(instance_id, "pause")
    found = lab.instances.get(instance_id)
    assert found is not None
    assert (found.status, found.inbox) == ("COMPLETED", [])


def test_without_its_definition_an_instance_can_be_looked_at(lab: Lab) -> None:
    """WH-18: an instance whose definition is gone is shown as the document has it."""
    instance_id = running(lab)
    lab.definitions.delete("default", "lab.Flow", None)
    assert lab.runner.query.get(instance_id)["status"] == "RUNNING"
