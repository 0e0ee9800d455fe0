"""What happens when a step has used up its attempts: the error policies, and the retry of an operator."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from reactory import PermanentStepError

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

ONCE = {"retryPolicy": {"maxAttempts": 1}}


def wrapped(engine: Engine, kind: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """The steps inside of a container of this kind, which runs them once."""
    inside = list(steps)
    configs: dict[str, dict[str, Any]] = {
        "condition": {"condition": "true", "thenSteps": inside},
        "switch": {"value": "1", "cases": [], "default": inside},
        "parallel": {"branches": [{"name": "x", "steps": inside}]},
        "for_each": {"items": [1], "steps": inside},
        "while": {
            "condition": "!done",
            "steps": [*inside, engine.node("stop", "set_variable", action="set", key="done", value=True)],
        },
    }
    return engine.node("c", kind, **configs[kind])


KINDS = ["condition", "switch", "parallel", "for_each", "while"]


def path_of(kind: str, step: str) -> str:
    return {"for_each": f"c[0]/{step}", "while": f"c[0]/{step}"}.get(kind, f"c/{step}")


def test_exhausted_attempts_dead_letter_the_instance(engine: Engine) -> None:
    """WH-14: the default policy: FAILED with reason dead_lettered, exactly one dead-letter event, completedAt set."""
    engine.errors["a"] = [ValueError("no")] * 9
    failed = engine.run(engine.do("a"), engine.do("b"))
    engine.until_idle(failed)
    seen = engine.see(failed)
    assert (seen["status"], seen["reason"]["code"], seen["reason"]["stepId"]) == ("FAILED", "dead_lettered", "a")
    assert "step 'a' failed after 2 attempts: ValueError: no (" in seen["reason"]["message"]
    assert seen["completedAt"] is not None
    assert engine.moves(failed) == ["RUNNING", "FAILED"]
    (event,) = engine.events("Workflow Instance Dead Lettered")
    assert event.detail["instanceId"] == failed
    engine.advance(600_000)
    assert len(engine.events("Workflow Instance Dead Lettered")) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_runs_the_failed_step_and_keeps_the_finished(engine: Engine, kind: str) -> None:
    """LC-14: wherever the step stands, a retry runs it again, with all its attempts, and nothing that had finished."""
    engine.errors[path_of(kind, "b")] = [ValueError("no")] * 2
    failed = engine.run(
        engine.do("first"),
        wrapped(engine, kind, engine.do("a"), engine.do("b"), engine.do("d")),
        engine.do("last"),
        variables={"done": False},
        metadata=ONCE,
    )
    for _ in range(2):
        assert engine.status(failed) == "FAILED"
        assert engine.reason(failed)["stepId"] == "b"
        engine.ask(failed, "retry")
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == ["first", path_of(kind, "a"), *[path_of(kind, "b")] * 3, path_of(kind, "d"), "last"]
    assert engine.moves(failed) == ["RUNNING", *["FAILED", "PENDING", "RUNNING"] * 2, "COMPLETED"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", ["step", "workflow"])
def test_terminate_fails_at_once_and_can_be_retried(engine: Engine, kind: str, policy: str) -> None:
    """WH-14, LC-14: terminate: FAILED at once, everything else is cancelled; a retry takes up all that was cut off."""
    engine.errors[path_of(kind, "a")] = [ValueError("no")]
    own = {"errorPolicy": "terminate"} if policy == "step" else {}
    failed = engine.run(
        engine.node("nap", "delay", duration=5000),
        engine.do("after_nap"),
        wrapped(engine, kind, engine.do("a") | own, engine.do("b")) | {"dependsOn": []},
        engine.do("last"),
        variables={"done": False},
        metadata=ONCE | ({} if own else {"errorPolicy": "terminate"}),
    )
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["code"] == "terminated"
    assert engine.reason(failed)["stepId"] == "a"
    assert engine.instance(failed).wake_at is None
    assert engine.events("Workflow Instance Dead Lettered") == []
    engine.ask(failed, "retry")
    assert engine.status(failed) == "RUNNING"
    engine.advance(5000)
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == [*[path_of(kind, "a")] * 2, path_of(kind, "b"), "last", "after_nap"]


def test_terminate_cancels_steps_that_run(engine: Engine) -> None:
    """WH-14: a step that runs beside one that terminates is told to stop."""
    engine.results["bad"] = object()
    began = Event()
    engine.during = {"slow": began.set, "bad": lambda: began.wait(10)}
    failed = engine.run(
        engine.do("slow", handler="t.long", label="slow"),
        engine.do("bad", handler="t.thread", dependsOn=[], errorPolicy="terminate"),
        metadata=ONCE,
    )
    assert engine.status(failed) == "FAILED"
    assert engine.statuses(failed) == {"slow": "CANCELLED", "bad": "FAILED"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["step", "container", "workflow"])
def test_suspend_pauses_and_a_resume_runs_the_step_again(engine: Engine, kind: str, where: str) -> None:
    """WH-14: suspend: PAUSED with the reason, wherever the policy was declared; resume runs the step again."""
    engine.errors[path_of(kind, "a")] = [PermanentStepError("fill the form")] * 2
    policy = {"errorPolicy": "suspend"}
    container = wrapped(engine, kind, engine.do("a") | (policy if where == "step" else {}), engine.do("b"))
    paused = engine.run(
        container | (policy if where == "container" else {}),
        engine.do("last"),
        variables={"done": False},
        metadata=ONCE | (policy if where == "workflow" else {}),
    )
    for _ in range(2):
        assert engine.status(paused) == "PAUSED"
        assert engine.reason(paused)["code"] == "suspended"
        assert "fill the form" in engine.reason(paused)["message"]
        assert engine.statuses(paused)[path_of(kind, "a")] == "FAILED"
        engine.ask(paused, "resume")
    assert engine.status(paused) == "COMPLETED"
    assert engine.calls == [*[path_of(kind, "a")] * 3, path_of(kind, "b"), "last"]
    assert engine.moves(paused) == ["RUNNING", *["PAUSED", "RUNNING"] * 2, "COMPLETED"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_that_suspends_over_a_step_that_retries(engine: Engine, kind: str) -> None:
    """WH-14: the step's own policy says retry, its container's suspend: the container is suspended, resume goes on."""
    engine.errors[path_of(kind, "a")] = [ValueError("no")]
    paused = engine.run(
        wrapped(engine, kind, engine.do("a") | {"errorPolicy": "retry"}, engine.do("b")) | {"errorPolicy": "suspend"},
        engine.do("last"),
        variables={"done": False},
        metadata=ONCE,
    )
    assert engine.status(paused) == "PAUSED"
    assert engine.reason(paused)["stepId"] == "c"
    engine.ask(paused, "resume")
    assert engine.status(paused) == "COMPLETED"
    assert engine.calls == [*[path_of(kind, "a")] * 2, path_of(kind, "b"), "last"]


def test_two_steps_that_suspend_pause_once(engine: Engine) -> None:
    """LC-1: PAUSED is told once, however many steps wait for the operator; one resume runs them all again."""
    engine.errors.update({"a": [ValueError("x")], "b": [ValueError("y")]})
    paused = engine.run(engine.do("a"), engine.do("b", dependsOn=[]), metadata=ONCE | {"errorPolicy": "suspend"})
    assert engine.status(paused) == "PAUSED"
    engine.ask(paused, "resume")
    assert engine.status(paused) == "COMPLETED"
    assert engine.moves(paused) == ["RUNNING", "PAUSED", "RUNNING", "COMPLETED"]
    assert engine.calls == ["a", "b", "a", "b"]


def test_a_graph_goes_on_as_far_as_it_can(engine: Engine) -> None:
    """WH-14: what does not depend on the failed step runs to its end before the instance fails."""
    engine.errors["a"] = [ValueError("no")]
    failed = engine.run(
        engine.do("a"),
        engine.do("behind_a"),
        engine.node("nap", "delay", duration=1000) | {"dependsOn": []},
        engine.do("b"),
        engine.do("both", dependsOn=["behind_a", "b"]),
        metadata=ONCE,
    )
    assert engine.status(failed) == "RUNNING"
    engine.advance(1000)
    assert engine.status(failed) == "FAILED"
    assert engine.calls == ["a", "b"]
    engine.ask(failed, "retry")
    assert engine.calls == ["a", "b", "a", "behind_a", "both"]
    assert engine.status(failed) == "COMPLETED"


def test_several_failures_are_all_retried(engine: Engine) -> None:
    """LC-14: one retry takes up every step that failed; the reason names the first."""
    engine.errors.update({"a": [ValueError("x")], "b": [ValueError("y")]})
    failed = engine.run(engine.do("a"), engine.do("b", dependsOn=[]), metadata=ONCE)
    assert engine.reason(failed)["stepId"] == "a"
    engine.ask(failed, "retry")
    assert engine.status(failed) == "COMPLETED"
    assert sorted(engine.calls) == ["a", "a", "b", "b"]


def test_completed_means_that_nothing_failed(engine: Engine) -> None:
    """WH-16: an instance with a failed step that nobody allowed to fail does not end COMPLETED."""
    engine.errors["a"] = [ValueError("x")]
    failed = engine.run(engine.do("a"), engine.do("b", dependsOn=[]), metadata=ONCE)
    assert engine.status(failed) == "FAILED"


def test_outputs_are_evaluated_at_the_end(engine: Engine) -> None:
    """YF-9: outputs see the last state of steps, variables and input."""
    done = engine.run(
        engine.do("a", value=[1, 2], outputs={"n": "size(steps.a.value)"}),
        data={"who": "ann"},
        inputs={"who": {"type": "string"}},
        variables={"n": 0},
        outputs={"n": "variables.n", "who": "input.who", "all": "steps.a.outputs"},
    )
    assert engine.outputs(done) == {"n": 2, "who": "ann", "all": {"value": [1, 2]}}


def test_outputs_that_cannot_be_evaluated_fail_the_instance(engine: Engine) -> None:
    """YF-9: a wrong output is a failure that names it; no step runs again on a retry."""
    failed = engine.run(engine.do("a"), outputs={"x": "steps.a.value.deep"})
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["code"] == "output_failed"
    assert "steps.a.value" in engine.reason(failed)["message"]
    engine.ask(failed, "retry")
    assert engine.status(failed) == "FAILED"
    assert engine.calls == ["a"]


def test_outputs_of_an_early_end_fail_like_others(engine: Engine) -> None:
    """YF-9, LC-14: an end whose outputs cannot be evaluated leaves an instance that can be retried, and fails again."""
    failed = engine.run(
        engine.node("nap", "delay", duration=1000),
        engine.do("never"),
        engine.do("a", dependsOn=[]),
        engine.node("stop", "end"),
        outputs={"x": "steps.a.value.deep"},
    )
    for _ in range(2):
        assert engine.status(failed) == "FAILED"
        assert engine.reason(failed)["code"] == "output_failed"
        assert engine.instance(failed).wake_at is None
        engine.ask(failed, "retry")
    assert engine.calls == ["a"]


@pytest.mark.parametrize("handler", ["t.do", "t.thread"])
def test_an_error_whose_message_is_no_text_is_recorded(engine: Engine, handler: str) -> None:
    """WH-14, EH-9: a message with half a surrogate pair, as the name of a file may have one, is recorded like any other,
    and the attempts are counted once.
    """
    engine.errors["a"] = [OSError("cannot open \udc80\udcff.csv")] * 100
    failed = engine.run(
        engine.do("a", handler=handler, retryPolicy={"maxAttempts": 2, "initialDelay": 0}), engine.do("b")
    )
    engine.until_idle(failed)
    engine.advance(60_000)
    assert engine.status(failed) == "FAILED"
    assert engine.calls == ["a", "a"]
    assert "cannot open ??.csv" in engine.reason(failed)["message"]
    assert engine.trail(failed, "a") == ["FAILED", "FAILED"]
    assert engine.instance(failed).lease_until is None


def test_a_failure_names_its_place_in_the_code_and_is_logged(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """EH-9, WR-16: the reason names file, line and function once; the trace is in the log of every attempt, nowhere else."""
    engine.errors["a"] = [KeyError("nokey")] * 2
    failed = engine.run(engine.do("a", retryPolicy={"maxAttempts": 2, "initialDelay": 1}))
    engine.until_idle(failed)
    message = engine.reason(failed)["message"]
    assert message.startswith("step 'a' failed after 2 attempts: KeyError: 'nokey' (conftest.py:")
    assert "Traceback" not in message
    attempts = [record for record in caplog.records if record.levelname == "WARNING" and record.exc_info]
    assert [record.getMessage()[:24] for record in attempts] == ["attempt 1 of step 'a' fa", "attempt 2 of step 'a' fa"]


def test_the_history_names_what_was_interrupted(engine: Engine) -> None:
    """WH-1, WH-19: of a process that vanished the history says which step it took with it, and at which attempt."""
    instance_id = engine.begin(engine.do("lead"), engine.do("a"))
    engine.crash_in("a")
    engine.work()
    cut_off = [entry for entry in engine.history(instance_id) if entry["event"] == "interrupted"]
    assert [(entry["path"], entry["attempt"]) for entry in cut_off] == [("a", 1)]
    assert engine.status(instance_id) == "COMPLETED"
