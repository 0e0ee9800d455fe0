"""Failed attempts: when they are tried again, how often, and what becomes of the step after the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory import PermanentStepError, RetryableStepError

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def policy(**more: Any) -> dict[str, Any]:
    return {"retryPolicy": {"jitter": False, "initialDelay": 1000} | more}


@pytest.mark.parametrize(
    ("given", "times"),
    [
        ({"maxAttempts": 4, "backoffStrategy": "fixed"}, [0, 1000, 2000, 3000]),
        ({"maxAttempts": 4, "backoffStrategy": "linear"}, [0, 1000, 3000, 6000]),
        ({"maxAttempts": 4, "backoffStrategy": "exponential"}, [0, 1000, 3000, 7000]),
        ({"maxAttempts": 4, "backoffStrategy": "exponential", "multiplier": 3}, [0, 1000, 4000, 13_000]),
        ({"maxAttempts": 5, "maxDelay": 2500}, [0, 1000, 3000, 5500, 8000]),
        ({"maxAttempts": 1}, [0]),
        ({"maxAttempts": 10, "backoffStrategy": "fixed", "initialDelay": 0}, [0] * 10),
        ({}, [0, 1000, 3000]),
    ],
)
def test_attempts_are_spaced_by_the_policy(engine: Engine, given: dict[str, Any], times: list[int]) -> None:
    """YF-6, EH-9: maxAttempts counts the first attempt, and the pauses between them grow as the strategy says."""
    engine.errors["a"] = [ValueError("no")] * 20
    failed = engine.run(engine.do("a") | policy(**given))
    engine.until_idle(failed)
    assert engine.times == times
    assert engine.status(failed) == "FAILED"
    assert engine.trail(failed, "a") == ["FAILED"] * len(times)


def test_an_empty_policy_is_the_default_one(engine: Engine) -> None:
    """YF-6: the default is 3 attempts, 1 s apart and doubled, each pause up to 10 % longer."""
    engine.errors["a"] = [ValueError("no")] * 20
    failed = engine.run(engine.do("a", retryPolicy={}))
    engine.until_idle(failed)
    first, second, third = engine.times
    assert first == 0
    assert 1000 <= second <= 1100
    assert 2000 <= third - second <= 2200


def test_the_workflow_policy_is_for_steps_without_their_own(engine: Engine) -> None:
    """YF-6: metadata.retryPolicy counts where a step declares none."""
    engine.errors.update({"a": [ValueError("no")] * 9, "b": [ValueError("no")] * 9})
    done = engine.run(
        engine.do("a", continueOnError=True),
        engine.do("b", continueOnError=True) | policy(maxAttempts=3, initialDelay=0),
        metadata=policy(maxAttempts=2, initialDelay=0),
    )
    assert engine.calls == ["a", "a", "b", "b", "b"]
    assert engine.status(done) == "COMPLETED"


@pytest.mark.parametrize(
    ("wanted", "error", "attempts"),
    [
        (["ValueError"], ValueError("x"), 2),
        (["ValueError"], KeyError("x"), 1),
        (["timeout"], TimeoutError(), 2),
        (["TIMEOUT", "network"], ConnectionError(), 2),
        (["NETWORK"], TimeoutError(), 1),
        (["step_retryable"], RetryableStepError("x"), 2),
        ([], ValueError("x"), 2),
    ],
)
def test_only_the_errors_named_are_retried(engine: Engine, wanted: list[str], error: Exception, attempts: int) -> None:
    """YF-6: retryOnErrors names error types, codes or categories; any other error is the last."""
    engine.errors["a"] = [error] * 5
    engine.run(engine.do("a") | policy(maxAttempts=2, initialDelay=0, retryOnErrors=wanted))
    assert len(engine.calls) == attempts


def test_a_permanent_error_is_not_retried(engine: Engine) -> None:
    """EH-4, YF-6: an error that says that trying again is no use is the last, whatever the policy."""
    engine.errors["a"] = [PermanentStepError("never")] * 5
    failed = engine.run(engine.do("a") | policy(maxAttempts=5, initialDelay=0))
    assert engine.calls == ["a"]
    assert engine.status(failed) == "FAILED"
    assert "never" in engine.reason(failed)["message"]


def test_a_step_may_ask_for_more_time(engine: Engine) -> None:
    """EH-6: retry_after holds the next attempt back longer than the policy would."""
    engine.errors["a"] = [RetryableStepError("busy", retry_after=5000)]
    engine.until_idle(engine.run(engine.do("a") | policy()))
    assert engine.times == [0, 5000]


def test_all_attempts_are_kept(engine: Engine) -> None:
    """WH-14, EH-9: every attempt and its error stand in the history, in order."""
    engine.errors["a"] = [ValueError("one"), KeyError("two")]
    done = engine.run(engine.do("a", value=3) | policy(initialDelay=0))
    told = [entry for entry in engine.history(done) if entry.get("path") == "a"]
    assert [(entry["attempt"], entry["status"]) for entry in told] == [(1, "FAILED"), (2, "FAILED"), (3, "COMPLETED")]
    assert [entry["error"]["message"] for entry in told[:2]] == ["one", "KeyError: 'two'"]


def test_waiting_for_the_next_attempt_is_shown(engine: Engine) -> None:
    """WH-14: between two attempts the step is SLEEPING, with its last error and the time of the next attempt."""
    engine.errors["a"] = [ValueError("one")]
    waiting = engine.run(engine.do("a") | policy())
    (shown,) = engine.see(waiting)["steps"]
    assert shown["status"] == "SLEEPING"
    assert shown["attempt"] == 1
    assert shown["error"]["message"] == "one"
    assert shown["due"] == "2025-10-09T08:53:21.000Z"


def test_nobody_waits_for_the_next_attempt(engine: Engine) -> None:
    """EH-11: the pass ends with the failed attempt: the time of the next one is durable, and any process makes it."""
    engine.errors["a"] = [ValueError("one")]
    waiting = engine.run(engine.do("a", label="a") | policy(initialDelay=60_000, maxDelay=60_000))
    stored = engine.instance(waiting)
    assert stored.lease_until is None
    assert stored.wake_at == engine.clock.now() + 60_000
    assert engine.calls == ["a"]
    engine.new_worker()
    engine.advance(60_000)
    assert engine.calls == ["a", "a"]
    assert engine.status(waiting) == "COMPLETED"


def test_the_idempotency_key_is_the_same_for_every_attempt(engine: Engine) -> None:
    """WH-19: one execution of a step has one key through all attempts and retries; another execution has another."""
    engine.errors["each[0]/a"] = [ValueError("x")] * 2
    failed = engine.run(
        engine.node("each", "for_each", items=[0, 1], steps=[engine.do("a")]), metadata=policy(maxAttempts=2)
    )
    engine.until_idle(failed)
    engine.ask(failed, "retry")
    assert engine.status(failed) == "COMPLETED"
    assert sorted(engine.keys) == [f"{failed}/each[0]/a"] * 3 + [f"{failed}/each[1]/a"]


def test_a_step_that_may_fail_lets_the_next_one_go_on(engine: Engine) -> None:
    """YF-6: continueOnError: the step is FAILED after its last attempt, success is false, its successors see the error."""
    engine.errors["a"] = [ValueError("no")] * 5
    done = engine.run(
        engine.do("a", continueOnError=True) | policy(maxAttempts=2, initialDelay=0),
        engine.do("b", condition="!steps.a.success"),
        outputs={"error": "steps.a.error", "status": "steps.a.status"},
    )
    assert engine.calls == ["a", "a", "b"]
    assert engine.statuses(done) == {"a": "FAILED", "b": "COMPLETED"}
    assert engine.outputs(done) == {
        "error": {"type": "ValueError", "message": "no", "code": "step_failed", "category": "unknown"},
        "status": "FAILED",
    }


def test_a_container_that_may_fail_is_passed_over(engine: Engine) -> None:
    """YF-6: continueOnError on a container drops what failed in it and goes on."""
    engine.errors["c/a"] = [ValueError("no")]
    done = engine.run(
        engine.node("c", "condition", condition="true", thenSteps=[engine.do("a"), engine.do("never")])
        | {"continueOnError": True},
        engine.do("b"),
        metadata=policy(maxAttempts=1),
        outputs={"ok": "steps.c.success"},
    )
    assert engine.calls == ["c/a", "b"]
    assert engine.outputs(done) == {"ok": False}


def test_arguments_that_do_not_fit_fail_at_once(engine: Engine) -> None:
    """EH-4: inputs that the step does not accept are no reason to try again."""
    step = engine.do("a")
    step["inputs"] = {"unknown": 1}
    failed = engine.run(step)
    assert engine.status(failed) == "FAILED"
    assert "unexpected argument 'unknown'" in engine.reason(failed)["message"]
    assert engine.calls == []


class HardError(BaseException):
    """What some libraries derive from BaseException, so that nobody catches it by accident."""


@pytest.mark.parametrize("error", [HardError("stop"), GeneratorExit("stop"), KeyboardInterrupt("stop")])
@pytest.mark.parametrize("handler", ["t.do", "t.thread"])
def test_whatever_a_step_raises_fails_its_attempt(engine: Engine, error: Any, handler: str) -> None:
    """WH-3: an error that is no Exception is reported too, at once, from async steps and from sync ones."""
    engine.errors["a"] = [error]
    failed = engine.run(engine.do("a", handler=handler, retryPolicy={"maxAttempts": 1}))
    assert engine.status(failed) == "FAILED"
    assert type(error).__name__ in engine.reason(failed)["message"]


@pytest.mark.parametrize("handler", ["t.do", "t.thread"])
def test_a_step_that_ends_the_process_fails_its_attempt(engine: Engine, handler: str) -> None:
    """WH-3: sys.exit in a step fails the attempt, not the worker."""

    def leave() -> None:
        raise SystemExit(3)

    engine.during["a"] = leave
    failed = engine.run(engine.do("a", handler=handler) | policy(maxAttempts=1))
    assert engine.status(failed) == "FAILED"
    assert "SystemExit" in engine.reason(failed)["message"]


@pytest.mark.parametrize("handler", ["t.do", "t.thread"])
def test_a_result_that_cannot_be_stored_fails_the_step(engine: Engine, handler: str) -> None:
    """WH-14: a step that returns what no storage keeps has failed, and is not run again for it."""
    engine.results["a"] = object()
    failed = engine.run(engine.do("a", handler=handler))
    assert engine.status(failed) == "FAILED"
    assert engine.calls == ["a"]
    assert "object" in engine.reason(failed)["message"]
