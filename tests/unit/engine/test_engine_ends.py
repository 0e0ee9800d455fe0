"""How an instance comes to its end, and that it stays there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.exceptions import PermanentStepError
from reactory.host.view import view
from reactory.host.worker import WakeUp

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


def test_end_completes_also_beside_a_step_that_failed(engine: Engine) -> None:
    """YF-7, WH-16: ``end`` finishes the instance as COMPLETED, in the document and in the view alike, though a step beside
    it has failed before; nothing is left that a later pass would decide otherwise.
    """
    engine.errors["bad"] = [PermanentStepError("no")]
    done = engine.run(
        engine.do("bad", dependsOn=[]),
        engine.do("good", dependsOn=[]),
        engine.node("stop", "end") | {"dependsOn": ["good"]},
        engine.do("never", dependsOn=["bad"]),
    )
    stored = engine.instance(done)
    assert stored.status == engine.status(done) == "COMPLETED"
    assert stored.reason is None
    assert stored.wake_at is None
    assert engine.moves(done) == ["RUNNING", "COMPLETED"]
    assert engine.trail(done, "bad") == ["FAILED"]
    assert engine.statuses(done) == {"bad": "FAILED", "good": "COMPLETED", "stop": "COMPLETED", "never": "PENDING"}
    engine.new_worker().handle([WakeUp(done)])
    engine.advance(HOUR)
    assert engine.instance(done) == stored
    assert sorted(engine.calls) == ["bad", "good"]


def test_what_was_cut_off_is_shown_as_cancelled(engine: Engine) -> None:
    """WH-17, YF-7: the view of a cancelled instance shows what was under way as CANCELLED, not as still to come."""
    cancelled = engine.run(
        engine.do("a"),
        engine.node("if", "condition", condition="true", thenSteps=[engine.node("nap", "delay", duration=HOUR)]),
        engine.do("never"),
    )
    engine.ask(cancelled, "cancel")
    assert engine.statuses(cancelled) == {
        "a": "COMPLETED",
        "if": "CANCELLED",
        "if/nap": "CANCELLED",
        "never": "PENDING",
    }


def seen_with(engine: Engine, instance_id: str, env: dict[str, Any]) -> str:
    """The status in the view of a process that has this public environment."""
    instance = engine.instance(instance_id)
    program = engine.definitions.program(instance.tenant, instance.workflow_id, instance.version)
    return str(view(instance, program, engine.blobs, env)["status"])


def test_outputs_that_failed_are_not_evaluated_again_by_themselves(engine: Engine) -> None:
    """YF-9, LC-1: an instance whose outputs could not be evaluated stays FAILED for whoever looks and whoever passes by,
    also when they could be evaluated now; only a retry evaluates them.
    """
    failed = engine.run(engine.do("a"), outputs={"x": "env.X"})
    stored = engine.instance(failed)
    assert stored.reason is not None
    assert (stored.status, stored.reason["code"]) == ("FAILED", "output_failed")
    engine.env = {"X": {"v": 1}}
    assert seen_with(engine, failed, engine.env) == "FAILED"
    engine.new_worker().handle([WakeUp(failed)])
    engine.advance(HOUR)
    assert engine.instance(failed) == stored
    engine.ask(failed, "retry")
    assert engine.instance(failed).status == seen_with(engine, failed, engine.env) == "COMPLETED"
    assert engine.see(failed)["outputs"] == {"x": {"v": 1}}
    assert engine.calls == ["a"]


def test_outputs_that_fail_again_fail_the_instance_once_more(engine: Engine) -> None:
    """YF-9, LC-2: a retry that comes to nothing is told once: FAILED, PENDING, RUNNING, FAILED."""
    failed = engine.run(engine.do("a"), outputs={"x": "env.X"})
    engine.new_worker()
    engine.ask(failed, "retry")
    moves = [(event.detail["previousStatus"], event.detail["status"]) for event in engine.events()]
    assert moves == [
        ("PENDING", "RUNNING"),
        ("RUNNING", "FAILED"),
        ("FAILED", "PENDING"),
        ("PENDING", "RUNNING"),
        ("RUNNING", "FAILED"),
    ]
    assert engine.calls == ["a"]
    assert engine.status(failed) == "FAILED"
