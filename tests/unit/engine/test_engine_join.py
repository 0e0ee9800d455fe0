"""join steps in a graph: all, any and n_of of the steps they depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


def naps(engine: Engine, **delays: int) -> list[dict[str, Any]]:
    return [engine.node(name, "delay", duration=ms) | {"dependsOn": []} for name, ms in delays.items()]


def test_all_is_the_default(engine: Engine) -> None:
    """YF-8: a join waits for everything it depends on, and says what that was."""
    done = engine.run(
        *naps(engine, a=1000, b=2000),
        engine.node("j", "join") | {"dependsOn": ["a", "b"]},
        engine.do("after"),
        outputs={"j": "steps.j.outputs"},
    )
    engine.advance(1000)
    assert engine.calls == []
    engine.advance(1000)
    assert engine.outputs(done) == {"j": {"strategy": "all", "joined": ["a", "b"]}}
    assert engine.calls == ["after"]


def test_any_fires_once_and_cancels_the_losers_with_their_upstream(engine: Engine) -> None:
    """YF-8, WH-20: any goes on with the first; the losers, what only leads to them, and their timers are cancelled."""
    done = engine.run(
        engine.node("far", "delay", duration=HOUR) | {"dependsOn": []},
        engine.do("behind", dependsOn=["far"]),
        engine.node("near", "delay", duration=1000) | {"dependsOn": []},
        engine.node("j", "join", strategy="any") | {"dependsOn": ["behind", "near"]},
        engine.do("after"),
        outputs={"j": "steps.j.outputs", "far": "steps.far.status", "behind": "steps.behind.status"},
    )
    engine.advance(1000)
    assert engine.outputs(done) == {
        "j": {"strategy": "any", "joined": ["near"]},
        "far": "CANCELLED",
        "behind": "CANCELLED",
    }
    assert engine.instance(done).wake_at is None
    engine.advance(HOUR)
    assert engine.calls == ["after"]


def test_a_loser_that_leads_elsewhere_goes_on(engine: Engine) -> None:
    """YF-8: a step that another step waits for too is no loser."""
    done = engine.run(
        *naps(engine, slow=2000, fast=1000),
        engine.node("j", "join", strategy="any") | {"dependsOn": ["slow", "fast"]},
        engine.do("after"),
        engine.do("other", dependsOn=["slow"]),
    )
    engine.advance(1000)
    assert engine.calls == ["after"]
    assert engine.status(done) == "RUNNING"
    engine.advance(1000)
    assert engine.calls == ["after", "other"]
    assert engine.status(done) == "COMPLETED"


def test_n_of_counts(engine: Engine) -> None:
    """YF-8: n_of goes on with the n-th."""
    done = engine.run(
        *naps(engine, a=3000, b=1000, c=2000),
        engine.node("j", "join", strategy="n_of", count=2) | {"dependsOn": ["a", "b", "c"]},
        outputs={"j": "steps.j.joined"},
    )
    engine.advance(1000)
    assert engine.status(done) == "RUNNING"
    engine.advance(1000)
    assert engine.outputs(done) == {"j": ["b", "c"]}


def test_a_skipped_step_counts_as_through(engine: Engine) -> None:
    """YF-5, YF-8: a join counts a skipped step like a finished one."""
    done = engine.run(
        engine.do("a", enabled=False),
        engine.do("b", dependsOn=[]),
        engine.node("j", "join") | {"dependsOn": ["a", "b"]},
        outputs={"j": "steps.j.joined"},
    )
    assert engine.outputs(done) == {"j": ["a", "b"]}


def test_a_failed_step_may_lose(engine: Engine) -> None:
    """YF-8, WH-16: a step that failed and lost the race fails nobody."""
    engine.errors["a"] = [ValueError("no")]
    done = engine.run(
        engine.do("a"),
        engine.node("b", "delay", duration=1000) | {"dependsOn": []},
        engine.node("j", "join", strategy="any") | {"dependsOn": ["a", "b"]},
        metadata={"retryPolicy": {"maxAttempts": 1}},
        outputs={"j": "steps.j.joined"},
    )
    assert engine.status(done) == "RUNNING"
    engine.advance(1000)
    assert engine.outputs(done) == {"j": ["b"]}


def test_a_join_that_cannot_be_met_fails(engine: Engine) -> None:
    """YF-8, WH-14: when too many have failed the instance fails with the step's error."""
    for name in ("a", "b"):
        engine.errors[name] = [ValueError("no")]
    failed = engine.run(
        engine.do("a"),
        engine.do("b", dependsOn=[]),
        engine.do("c", dependsOn=[]),
        engine.node("j", "join", strategy="n_of", count=2) | {"dependsOn": ["a", "b", "c"]},
        metadata={"retryPolicy": {"maxAttempts": 1}},
    )
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "a"
    engine.ask(failed, "retry")
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls.count("c") == 1


def test_two_early_joins_over_the_same_steps(engine: Engine) -> None:
    """YF-8: each join fires once, at its own number."""
    done = engine.run(
        *naps(engine, a=1000, b=2000, c=3000),
        engine.node("one", "join", strategy="any") | {"dependsOn": ["a", "b", "c"]},
        engine.node("two", "join", strategy="n_of", count=2) | {"dependsOn": ["a", "b", "c"]},
        engine.do("after_one", dependsOn=["one"]),
        engine.do("after_two", dependsOn=["two"]),
    )
    engine.advance(1000)
    assert engine.calls == ["after_one"]
    engine.advance(1000)
    assert engine.calls == ["after_one", "after_two"]
    engine.until_idle(done)
    assert engine.status(done) == "COMPLETED"
    assert engine.calls == ["after_one", "after_two"]


def test_a_join_that_waits_for_too_long_fails(engine: Engine) -> None:
    """YF-8: a join with a timeout fails when too few have come in time; a retry waits anew, and what came counts."""
    failed = engine.run(
        *naps(engine, far=HOUR, near=1000),
        engine.node("j", "join", timeout=5000) | {"dependsOn": ["far", "near"]},
        engine.do("after"),
    )
    engine.advance(4999)
    assert engine.status(failed) == "RUNNING"
    engine.advance(1)
    engine.until_idle(failed)
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "j"
    assert "5000 ms" in engine.reason(failed)["message"]
    engine.ask(failed, "retry")
    engine.until_idle(failed)
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == ["after"]


def test_a_join_that_came_in_time_has_no_timer_left(engine: Engine) -> None:
    """YF-8, WH-6: the timeout of a join that was met does not fire later."""
    done = engine.run(
        *naps(engine, near=1000),
        engine.node("j", "join", timeout=5000) | {"dependsOn": ["near"]},
        engine.node("long", "delay", duration=HOUR),
    )
    engine.until_idle(done)
    assert engine.status(done) == "COMPLETED"
