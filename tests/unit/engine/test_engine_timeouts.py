"""Timeouts of steps, containers and whole instances. Those of steps are real ones, of a millisecond."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from reactory import StepContext, step
from reactory.exceptions import PermanentStepError

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


@pytest.fixture
def endless(engine: Engine) -> list[StepContext]:
    """The contexts of the calls of ``t.endless``, which never returns by itself."""
    contexts: list[StepContext] = []

    @step("t.endless")
    async def wait(ctx: StepContext) -> None:
        contexts.append(ctx)
        await asyncio.Event().wait()

    engine.steps.add(wait)
    return contexts


def endless_step(step_id: str, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "task", "config": {"handler": "t.endless"}} | more


def test_an_asynchronous_step_is_cancelled_at_its_timeout(engine: Engine, endless: list[StepContext]) -> None:
    """YF-6: an attempt that takes longer than its timeout fails with category timeout and is tried again."""
    failed = engine.run(endless_step("a", timeout=1, retryPolicy={"maxAttempts": 2, "initialDelay": 0}))
    assert len(endless) == 2
    assert engine.status(failed) == "FAILED"
    errors = [entry["error"] for entry in engine.history(failed) if entry.get("path") == "a"]
    assert [(error["type"], error["category"]) for error in errors] == [("StepTimeoutError", "timeout")] * 2
    assert "attempt 2 of 'a'" in engine.reason(failed)["message"]
    assert "1 ms" in engine.reason(failed)["message"]


def test_a_synchronous_step_is_given_up_at_its_timeout(engine: Engine) -> None:
    """YF-6: a step on a thread is told that it is too late, and the instance goes on without it."""
    failed = engine.run(
        engine.do("a", handler="t.long", timeout=1, retryPolicy={"maxAttempts": 1}, continueOnError=True),
        engine.do("b", handler="t.thread"),
        outputs={"error": "steps.a.error.code"},
    )
    assert engine.outputs(failed) == {"error": "step_timeout"}
    assert engine.calls == ["a", "b"]


def test_timed_out_threads_do_not_use_the_threads_up(engines: Any) -> None:
    """YF-6: however many steps hang on their threads, others still find one."""
    engine = engines(step_threads=1)
    hanging = [
        engine.do(f"a{n}", handler="t.long", timeout=1, retryPolicy={"maxAttempts": 1}, continueOnError=True)
        for n in range(3)
    ]
    done = engine.run(*hanging, engine.do("b", handler="t.thread"))
    assert engine.status(done) == "COMPLETED"


def test_the_default_timeout_is_the_hosts(engines: Any) -> None:
    """YF-6: a step without a timeout has the host's."""
    engine = engines(step_timeout_ms=1)
    failed = engine.run(engine.do("a", handler="t.long", retryPolicy={"maxAttempts": 1}))
    assert engine.status(failed) == "FAILED"
    assert "1 ms" in engine.reason(failed)["message"]


def test_a_step_knows_how_much_time_it_has(engine: Engine) -> None:
    """YF-6: the context tells the seconds that are left of the attempt."""
    left: list[float] = []

    @step("t.left")
    async def look(ctx: StepContext) -> None:
        left.append(ctx.remaining())

    engine.steps.add(look)
    engine.run({"id": "a", "type": "task", "timeout": 5000, "config": {"handler": "t.left"}})
    assert left == [5.0]


@pytest.mark.parametrize("kind", ["condition", "for_each", "while", "parallel", "switch"])
def test_a_container_that_takes_too_long_fails(engine: Engine, kind: str) -> None:
    """YF-6: the timeout of a container is over all of it: what is inside is cancelled, a retry takes it up anew."""
    nap = engine.node("nap", "delay", duration=HOUR)
    configs: dict[str, dict[str, Any]] = {
        "condition": {"condition": "true", "thenSteps": [nap]},
        "for_each": {"items": [1, 2], "steps": [nap]},
        "while": {"condition": "(steps.nap.actualDuration || 0) == 0", "steps": [nap]},
        "parallel": {"branches": [{"name": "x", "steps": [nap]}]},
        "switch": {"value": "1", "cases": [{"when": 1, "steps": [nap]}]},
    }
    failed = engine.run(engine.node("c", kind, **configs[kind]) | {"timeout": 10_000}, engine.do("after"))
    engine.advance(9_999)
    assert engine.status(failed) == "RUNNING"
    engine.advance(1)
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "c"
    assert "10000 ms" in engine.reason(failed)["message"]
    assert engine.instance(failed).wake_at is None
    engine.ask(failed, "retry")
    assert engine.status(failed) == "RUNNING"
    engine.advance(9_999)
    assert engine.status(failed) == "RUNNING"
    engine.advance(1)
    assert engine.status(failed) == "FAILED"
    assert engine.calls == []


def test_a_container_timeout_may_be_passed_over(engine: Engine, endless: list[StepContext]) -> None:
    """YF-6: with continueOnError the steps inside are cancelled, those that run too, and the next step follows."""
    done = engine.run(
        engine.node("nap", "delay", duration=1000),
        engine.node("c", "condition", condition="true", thenSteps=[engine.node("in", "delay", duration=HOUR)])
        | {"timeout": 10, "continueOnError": True},
        engine.do("after"),
        outputs={"why": "steps.c.error.code"},
    )
    engine.advance(1000)
    engine.advance(10)
    assert engine.outputs(done) == {"why": "step_timeout"}
    assert engine.calls == ["after"]
    assert engine.instance(done).wake_at is None


def test_a_container_with_a_suspending_policy_goes_on_after_the_resume(engine: Engine) -> None:
    """WH-14, WH-17: a container that timed out and was suspended begins anew what it had not finished."""
    paused = engine.run(
        engine.node("c", "for_each", items=[1, 2], steps=[engine.do("a"), engine.node("nap", "delay", duration=HOUR)])
        | {"timeout": 1000, "errorPolicy": "suspend"},
        engine.do("after"),
    )
    engine.advance(1000)
    assert engine.status(paused) == "PAUSED"
    assert engine.reason(paused)["code"] == "suspended"
    engine.ask(paused, "resume")
    assert engine.status(paused) == "RUNNING"
    assert engine.calls == ["c[0]/a", "c[1]/a"]
    engine.advance(1000)
    assert engine.status(paused) == "PAUSED"


@pytest.mark.parametrize("steps", ["delay", "retry", "held"])
def test_an_instance_that_takes_too_long_is_cancelled(engine: Engine, steps: str) -> None:
    """LC-11: after metadata.timeout the instance is CANCELLED with "Maximum duration exceeded"; a pause does not count."""
    engine.errors["a"] = [ValueError("no")] * 5
    first = engine.node("nap", "delay", duration=HOUR) if steps == "delay" else engine.do("a")
    late = engine.run(
        first,
        engine.do("after"),
        metadata={"timeout": 10_000, "retryPolicy": {"initialDelay": HOUR, "maxDelay": HOUR}},
    )
    if steps == "held":
        engine.ask(late, "pause")
        engine.advance(20_000)
        assert engine.status(late) == "PAUSED"
        engine.ask(late, "resume")
    engine.advance(9_999)
    assert engine.status(late) == "RUNNING"
    engine.advance(1)
    assert engine.status(late) == "CANCELLED"
    assert engine.reason(late) == {"code": "maximum_duration", "message": "Maximum duration exceeded", "stepId": None}
    assert engine.see(late)["completedAt"] is not None
    assert engine.instance(late).wake_at is None


def test_the_timeout_of_the_start_comes_first(engine: Engine) -> None:
    """LC-11: a timeout given at the start stands instead of the definition's."""
    reference = engine.register(
        engine.document(engine.node("nap", "delay", duration=HOUR), metadata={"timeout": 10_000})
    )
    late = engine.start(reference, timeout=5000)
    engine.work()
    engine.advance(5000)
    assert engine.status(late) == "CANCELLED"


def test_a_retry_has_the_whole_time_again(engine: Engine) -> None:
    """LC-11, LC-14: the time of an instance that is taken up again counts from the retry."""
    engine.errors["a"] = [ValueError("no")]
    late = engine.run(
        engine.do("a", retryPolicy={"maxAttempts": 1}),
        engine.node("nap", "delay", duration=8000),
        metadata={"timeout": 10_000},
    )
    engine.advance(9000)
    assert engine.status(late) == "FAILED"
    engine.advance(9000)
    engine.ask(late, "retry")
    engine.advance(8000)
    assert engine.status(late) == "COMPLETED"


@pytest.mark.parametrize("held", ["pause", "suspend"])
def test_a_pause_does_not_count_against_a_container(engine: Engine, held: str) -> None:
    """YF-6, WH-17: a container has as much time left after a pause, an operator's or a suspension, as it had before."""
    engine.errors["trouble"] = [PermanentStepError("no")] if held == "suspend" else []
    nap = engine.node("nap", "delay", duration=HOUR)
    late = engine.run(
        engine.node("c", "condition", condition="true", thenSteps=[nap]) | {"timeout": 10_000, "dependsOn": []},
        engine.node("wait", "delay", duration=4000) | {"dependsOn": []},
        engine.do("trouble", dependsOn=["wait"], errorPolicy="suspend"),
    )
    engine.advance(4000)
    if held == "pause":
        engine.ask(late, "pause")
    assert engine.status(late) == "PAUSED"
    engine.advance(HOUR // 2)
    engine.ask(late, "resume")
    engine.advance(5999)
    assert engine.status(late) == "RUNNING"
    engine.advance(1)
    assert engine.status(late) == "FAILED"
    assert engine.reason(late)["stepId"] == "c"


def test_two_pauses_do_not_count_against_the_instance(engine: Engine) -> None:
    """LC-11, WH-17: the time of an instance stands still in every pause, whoever works it and whatever is asked twice."""
    late = engine.run(engine.node("nap", "delay", duration=HOUR), metadata={"timeout": 10_000})
    for _ in range(2):
        engine.advance(3000)
        engine.ask(late, "pause")
        engine.new_worker()
        engine.advance(20_000)
        engine.ask(late, "resume")
    engine.advance(3999)
    assert engine.status(late) == "RUNNING"
    engine.advance(1)
    assert engine.status(late) == "CANCELLED"
    assert engine.reason(late)["code"] == "maximum_duration"
