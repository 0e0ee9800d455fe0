"""schedule and recur: bodies that run later, and again and again (WH-5, WH-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def later(engine: Engine, ms: int = 5000, **more: Any) -> dict[str, Any]:
    return engine.node("later", "schedule", duration=ms, steps=[engine.do("body", label="body", **more)])


def test_successors_do_not_wait_for_a_scheduled_body(engine: Engine) -> None:
    """WH-5: what follows goes on at once; the instance ends after the body."""
    run = engine.run(later(engine), engine.do("next", label="next"))
    assert engine.calls == ["next"]
    assert engine.status(run) == "RUNNING"
    engine.advance(5000)
    assert engine.calls == ["next", "body"]
    assert engine.status(run) == "COMPLETED"


def test_a_scheduled_body_that_fails_is_taken_up_again(engine: Engine) -> None:
    """LC-14: the instance fails with the body's error; a retry runs the body, not what went on beside it."""
    engine.errors["body"] = [ValueError("x")]
    run = engine.run(later(engine, retryPolicy={"maxAttempts": 1}), engine.do("next", label="next"))
    engine.advance(5000)
    assert engine.status(run) == "FAILED"
    engine.ask(run, "retry")
    assert engine.calls == ["next", "body", "body"]
    assert engine.status(run) == "COMPLETED"


def test_a_failure_beside_a_scheduled_body(engine: Engine) -> None:
    """WH-5: a failed successor waits for the body, then the instance has failed; the retry runs the successor only."""
    engine.errors["next"] = [ValueError("x")]
    run = engine.run(later(engine), engine.do("next", label="next", retryPolicy={"maxAttempts": 1}))
    engine.advance(5000)
    assert engine.status(run) == "FAILED"
    engine.ask(run, "retry")
    assert engine.calls == ["next", "body", "next"]
    assert engine.status(run) == "COMPLETED"


def test_a_scheduled_body_in_a_loop(engine: Engine) -> None:
    """WH-5: every round schedules its own; the loop is through after the bodies."""
    loop = engine.node("each", "for_each", items=[1, 2], steps=[later(engine)])
    run = engine.run(loop, engine.do("after", label="after"))
    engine.advance(5000)
    assert engine.calls == ["body", "body", "after"]
    assert engine.status(run) == "COMPLETED"


def recur(engine: Engine, **more: Any) -> dict[str, Any]:
    count = engine.node("count", "set_variable", action="set", key="n", value="${n + 1}")
    given = {"interval": 1000, "until": "n >= 3", "steps": [engine.do("poll", label="poll"), count]} | more
    return engine.node("again", "recur", **given)


@pytest.mark.parametrize("interval", [1000, "1s", "${ms}", "${text}"])
def test_a_body_recurs_until_its_condition_holds(engine: Engine, interval: Any) -> None:
    """WH-5, WH-7: once per interval, the first time at once; what follows waits for the condition."""
    run = engine.run(
        recur(engine, interval=interval),
        engine.do("after", label="after"),
        variables={"n": 0, "ms": 1000, "text": "1s"},
        outputs={"got": "steps.again.outputs"},
    )
    for times in (1, 2, 3):
        assert engine.calls == ["poll"] * times
        engine.advance(999)
        assert engine.calls == ["poll"] * times
        engine.advance(1)
    assert engine.calls == [*["poll"] * 3, "after"]
    assert engine.outputs(run) == {"got": {"iterations": 3}}


def test_a_condition_that_holds_already(engine: Engine) -> None:
    """WH-5: the body does not run at all."""
    run = engine.run(recur(engine), variables={"n": 3}, outputs={"got": "steps.again.outputs"})
    assert engine.outputs(run) == {"got": {"iterations": 0}}
    assert engine.calls == []


def test_a_round_is_not_overtaken(engine: Engine) -> None:
    """WH-5: a body that takes longer than the interval is followed by the next round at once, never beside it."""
    nap = engine.node("nap", "delay", duration=2500)
    count = engine.node("count", "set_variable", action="set", key="n", value="${n + 1}")
    run = engine.run(
        engine.node(
            "again", "recur", interval=1000, until="n >= 2", steps=[engine.do("poll", label="poll"), nap, count]
        ),
        variables={"n": 0},
    )
    engine.advance(2000)
    assert engine.calls == ["poll"]
    engine.advance(500)
    assert engine.calls == ["poll", "poll"]
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"


def test_a_recurring_body_survives_crashes(engine: Engine) -> None:
    """WH-1, WH-7: rounds are neither lost nor doubled, wherever a worker dies."""
    for writes in range(1, 12):
        engine.calls.clear()
        run = engine.begin(
            recur(engine), variables={"n": 0}, name=f"Flow{writes}", outputs={"got": "steps.again.outputs"}
        )
        engine.crash(writes)
        engine.recover()
        engine.until_idle(run)
        assert engine.outputs(run) == {"got": {"iterations": 3}}
