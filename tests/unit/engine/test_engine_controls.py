"""pause, resume, cancel and retry, in every state of an instance and while a step runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from reactory.exceptions import IllegalTransitionError
from reactory.kernel.facts import ControlAction, StatusAction

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

ONCE = {"retryPolicy": {"maxAttempts": 1}}
ALLOWED = {
    "PENDING": {"pause": "PAUSED", "cancel": "CANCELLED"},
    "RUNNING": {"pause": "PAUSED", "cancel": "CANCELLED"},
    "PAUSED": {"resume": "RUNNING", "cancel": "CANCELLED"},
    "COMPLETED": {},
    "CANCELLED": {},
    "FAILED": {"retry": "RUNNING"},
}


def in_status(engine: Engine, status: str) -> str:
    """An instance that stands still in this status."""
    engine.errors["a"] = [ValueError("no")] * 2 if status == "FAILED" else []
    nap = engine.node("nap", "delay", duration=1000) | {"enabled": status not in ("COMPLETED", "FAILED")}
    instance_id = engine.begin(nap, engine.do("a"), metadata=ONCE)
    if status != "PENDING":
        engine.work()
    if status == "PAUSED":
        engine.ask(instance_id, "pause")
    if status == "CANCELLED":
        engine.ask(instance_id, "cancel")
    assert engine.status(instance_id) == status
    return instance_id


@pytest.mark.parametrize("action", get_args(StatusAction))
@pytest.mark.parametrize("status", list(ALLOWED))
def test_what_may_be_asked_in_which_status(engine: Engine, status: str, action: ControlAction) -> None:
    """WH-17, LC-1: a move that the table allows happens; any other is refused, names both states and changes nothing."""
    instance_id = in_status(engine, status)
    before = engine.instance(instance_id)
    wanted = ALLOWED[status].get(action)
    if wanted is None:
        with pytest.raises(IllegalTransitionError, match=status):
            engine.control(instance_id, action)
        assert engine.instance(instance_id) == before
        return
    assert engine.control(instance_id, action) == wanted
    assert engine.status(instance_id) == wanted
    if wanted != "RUNNING":
        engine.work()
        assert engine.status(instance_id) == wanted
        assert engine.moves(instance_id)[-1] == wanted


def test_pause_holds_the_next_step_back(engine: Engine) -> None:
    """WH-17: a pause that comes while a step runs lets it finish, keeps its result, and starts nothing after it."""
    engine.during["a"] = lambda: engine.control(instance_id, "pause", "lunch")
    instance_id = engine.begin(
        engine.do("a", value=5), engine.do("b", value="${steps.a.value + 1}"), outputs={"b": "steps.b.value"}
    )
    engine.work()
    assert engine.status(instance_id) == "PAUSED"
    assert engine.reason(instance_id) == {"code": "paused", "message": "lunch", "by": "ann"}
    assert engine.calls == ["a"]
    assert engine.statuses(instance_id)["a"] == "COMPLETED"
    assert engine.instance(instance_id).lease_until is None
    engine.advance(600_000)
    assert engine.calls == ["a"]
    engine.ask(instance_id, "resume")
    assert engine.outputs(instance_id) == {"b": 6}
    assert engine.calls == ["a", "b"]
    assert engine.see(instance_id)["reason"] is None


def test_pause_lets_all_running_steps_finish(engine: Engine) -> None:
    """WH-17: the steps of all branches that run finish; none begins."""
    engine.during["x/a"] = lambda: engine.control(instance_id, "pause")
    branch = {"name": "p", "steps": [engine.do("a", label="x/a"), engine.do("after_a")]}
    other = {"name": "q", "steps": [engine.do("b"), engine.do("after_b")]}
    instance_id = engine.begin(engine.node("x", "parallel", branches=[branch, other]))
    engine.work()
    assert engine.status(instance_id) == "PAUSED"
    assert sorted(engine.calls) == ["x/a", "x/b"]
    engine.ask(instance_id, "resume")
    assert sorted(engine.calls[2:]) == ["x/after_a", "x/after_b"]
    assert engine.status(instance_id) == "COMPLETED"


def test_pause_stops_a_loop_between_two_rounds(engine: Engine) -> None:
    """WH-17: a loop is held between two rounds and between two steps of one."""
    engine.during["loop[2]/a"] = lambda: engine.control(instance_id, "pause")
    instance_id = engine.begin(
        engine.node(
            "loop",
            "while",
            condition="(steps.a.value || 0) < 5",
            steps=[engine.do("a", value="${(steps.a.value || 0) + 1}")],
        )
    )
    engine.work()
    assert engine.calls == ["loop[0]/a", "loop[1]/a", "loop[2]/a"]
    engine.ask(instance_id, "resume")
    assert len(engine.calls) == 5
    assert engine.status(instance_id) == "COMPLETED"


def test_a_delay_that_ended_during_a_pause_goes_on_at_the_resume(engine: Engine) -> None:
    """WH-17: resume runs at once what fell due meanwhile; nothing fires while the instance is paused."""
    paused = engine.run(engine.node("nap", "delay", duration=1000), engine.do("a"))
    engine.ask(paused, "pause")
    engine.advance(5000)
    assert engine.calls == []
    assert engine.status(paused) == "PAUSED"
    engine.ask(paused, "resume")
    assert engine.calls == ["a"]
    assert engine.status(paused) == "COMPLETED"


def test_a_delay_that_has_not_ended_goes_on_sleeping(engine: Engine) -> None:
    """WH-6, WH-17: a resume shortens no delay."""
    paused = engine.run(engine.node("nap", "delay", duration=1000), engine.do("a"))
    engine.ask(paused, "pause")
    engine.advance(500)
    engine.ask(paused, "resume")
    engine.advance(499)
    assert engine.calls == []
    engine.advance(1)
    assert engine.calls == ["a"]


def test_an_attempt_that_fails_while_paused_waits_for_the_resume(engine: Engine) -> None:
    """WH-17, WH-14: the running attempt's failure is kept, the next attempt is not made before the resume."""
    engine.errors["a"] = [ValueError("no")]
    engine.during["b"] = lambda: engine.control(instance_id, "pause")
    instance_id = engine.begin(
        engine.do("b"), engine.do("a", dependsOn=[]), metadata={"retryPolicy": {"initialDelay": 10, "jitter": False}}
    )
    engine.work()
    engine.advance(10_000)
    assert sorted(engine.calls) == ["a", "b"]
    engine.ask(instance_id, "resume")
    assert engine.calls[2:] == ["a"]
    assert engine.status(instance_id) == "COMPLETED"


def test_pause_before_the_first_step(engine: Engine) -> None:
    """WH-17, LC-1: an instance paused before anybody took it up begins nothing until it is resumed."""
    instance_id = engine.begin(engine.do("a"))
    engine.ask(instance_id, "pause")
    assert engine.calls == []
    assert engine.moves(instance_id) == ["RUNNING", "PAUSED"]
    engine.ask(instance_id, "resume")
    assert engine.status(instance_id) == "COMPLETED"


def test_pause_and_resume_before_anybody_looked(engine: Engine) -> None:
    """WH-17: requests take effect in the order in which they were made, each told."""
    instance_id = engine.begin(engine.do("a"))
    engine.control(instance_id, "pause")
    engine.control(instance_id, "resume")
    engine.control(instance_id, "pause")
    assert engine.status(instance_id) == "PAUSED"
    engine.work()
    assert engine.moves(instance_id) == ["RUNNING", "PAUSED", "RUNNING", "PAUSED"]
    assert engine.calls == []


def test_pause_and_resume_while_a_step_runs(engine: Engine) -> None:
    """WH-17: a step that runs through a pause and its resume is not run a second time."""

    def both() -> None:
        engine.control(instance_id, "pause")
        engine.control(instance_id, "resume")

    engine.during["a"] = both
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    engine.work()
    assert engine.calls == ["a", "b"]
    assert engine.status(instance_id) == "COMPLETED"


def test_cancel_while_a_step_runs(engine: Engine) -> None:
    """WH-17, WH-13: a cancel is honoured before the next step; timers are gone, completedAt and the reason are set."""
    engine.during["a"] = lambda: engine.control(instance_id, "cancel", "no longer wanted")
    instance_id = engine.begin(
        engine.do("a"), engine.do("b"), engine.node("nap", "delay", duration=9000) | {"dependsOn": []}
    )
    engine.work()
    seen = engine.see(instance_id)
    assert seen["status"] == "CANCELLED"
    assert seen["reason"] == {"code": "cancelled", "message": "no longer wanted", "by": "ann"}
    assert seen["completedAt"] is not None
    assert seen["timers"] == []
    assert engine.calls == ["a"]
    assert engine.instance(instance_id).wake_at is None
    assert engine.trail(instance_id, "nap") == ["CANCELLED"]


def test_cancel_before_the_first_step(engine: Engine) -> None:
    """WH-17, LC-13: an instance cancelled before it began never runs."""
    instance_id = engine.begin(engine.do("a"))
    engine.ask(instance_id, "cancel")
    assert engine.calls == []
    assert engine.moves(instance_id) == ["CANCELLED"]
    assert engine.see(instance_id)["completedAt"] is not None


def test_a_request_stands_in_the_history(engine: Engine) -> None:
    """WH-17, LC-2: who asked for what and why is part of the history."""
    paused = engine.run(engine.node("nap", "delay", duration=1000))
    engine.ask(paused, "pause", "lunch")
    (told,) = [entry for entry in engine.history(paused) if entry["event"] == "control"]
    assert (told["action"], told["reason"], told["by"]) == ("pause", "lunch", "ann")


def test_what_was_asked_counts_before_a_worker_looks(engine: Engine) -> None:
    """WR-9, WH-17: the status that a client sees is that with its request, and the next request is judged by it."""
    running = engine.run(engine.node("nap", "delay", duration=1000))
    assert engine.control(running, "cancel") == "CANCELLED"
    assert engine.status(running) == "CANCELLED"
    with pytest.raises(IllegalTransitionError, match="CANCELLED"):
        engine.control(running, "pause")


def test_a_pause_right_after_a_resume_lets_the_step_finish(engine: Engine) -> None:
    """WH-17, WH-19: a step that a resume began is running when the next pause comes: it finishes, its result is kept, and
    it does not run again.
    """
    engine.during["a"] = lambda: engine.control(instance_id, "pause")
    engine.during["b"] = lambda: engine.control(instance_id, "pause")
    instance_id = engine.begin(engine.do("a"), engine.do("b", execution="at_most_once"), engine.do("c"))
    engine.work()
    engine.ask(instance_id, "resume")
    assert engine.status(instance_id) == "PAUSED"
    assert engine.trail(instance_id, "b") == ["COMPLETED"]
    engine.ask(instance_id, "resume")
    assert engine.calls == ["a", "b", "c"]


def test_a_step_that_a_resume_began_is_known_to_the_next_owner(engine: Engine) -> None:
    """WH-1, WH-19: a worker dies in a step that a resume began, and a pause comes before the next worker does: a step that
    may run only once is interrupted, and does not run again as if nothing had been.
    """
    engine.during["a"] = lambda: engine.control(instance_id, "pause")
    instance_id = engine.begin(engine.do("a"), engine.do("b", execution="at_most_once"))
    engine.work()
    engine.control(instance_id, "resume")
    engine.crash_in("b")
    engine.ask(instance_id, "pause")
    assert engine.calls == ["a", "b"]
    assert engine.status(instance_id) == "FAILED"
    assert "vanished" in engine.reason(instance_id)["message"]


def test_a_step_that_a_computation_led_to_is_not_forgotten_when_a_pause_comes(engine: Engine) -> None:
    """WH-17, WH-1: a computation of several slices was durable half-way, then led to a step without another write; a pause
    that meets this step does not undo it.
    """
    count = engine.node("add", "set_variable", action="set", key="n", value="${n + 1}")
    loop = engine.node("loop", "while", condition="n < 3000", maxIterations=3000, steps=[count])
    instance_id = engine.begin(loop, engine.do("a"), engine.do("b"), variables={"n": 0})
    engine.during["a"] = lambda: engine.control(instance_id, "pause")
    engine.work()
    assert engine.status(instance_id) == "PAUSED"
    engine.during.clear()
    engine.ask(instance_id, "resume")
    assert engine.status(instance_id) == "COMPLETED"
    assert engine.calls == ["a", "b"]
