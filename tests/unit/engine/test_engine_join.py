"""join steps in a graph: all, any and n_of of the steps they depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory.exceptions import PermanentStepError

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


def test_the_time_of_a_join_begins_with_the_first_of_its_steps(engine: Engine) -> None:
    """YF-8, WH-6: a join's timeout counts from the first of its steps beginning, not from the instance's start."""
    failed = engine.run(
        engine.node("lead", "delay", duration=20_000) | {"dependsOn": []},
        engine.node("near", "delay", duration=1000) | {"dependsOn": ["lead"]},
        engine.node("far", "delay", duration=HOUR) | {"dependsOn": ["near"]},
        engine.node("j", "join", timeout=5000) | {"dependsOn": ["near", "far"]},
    )
    engine.advance(20_000)
    engine.advance(4999)
    assert engine.status(failed) == "RUNNING"
    assert engine.statuses(failed)["far"] == "SLEEPING"
    engine.advance(1)
    assert engine.statuses(failed)["j"] == "FAILED"
    engine.until_idle(failed)
    assert engine.status(failed) == "FAILED"
    error = next(entry["error"] for entry in engine.history(failed) if entry.get("path") == "j")
    assert (error["code"], error["category"]) == ("step_timeout", "timeout")


@pytest.mark.parametrize("strategy", [{}, {"strategy": "n_of", "count": 2}])
def test_a_join_that_may_fail_lets_its_successors_go_on(engine: Engine, strategy: dict[str, Any]) -> None:
    """YF-6, YF-8: with continueOnError a join that timed out is FAILED once, what follows goes on, and a step that comes
    too late, or begins too late, changes nothing.
    """
    done = engine.run(
        engine.node("far", "delay", duration=60_000) | {"dependsOn": []},
        engine.node("farther", "delay", duration=60_000) | {"dependsOn": ["far"]},
        engine.node("near", "delay", duration=1000) | {"dependsOn": []},
        engine.node("j", "join", timeout=5000, **strategy)
        | {"dependsOn": ["near", "far", "farther"] if not strategy else ["near", "farther"], "continueOnError": True},
        engine.do("after", dependsOn=["j"]),
        outputs={"j": "steps.j.success", "far": "steps.farther.status"},
    )
    engine.advance(5000)
    assert engine.calls == ["after"]
    assert engine.status(done) == "RUNNING"
    engine.until_idle(done)
    assert engine.outputs(done) == {"j": False, "far": "COMPLETED"}
    assert engine.calls == ["after"]
    assert engine.trail(done, "j") == ["FAILED"]


def test_a_retried_join_waits_for_its_whole_time_again(engine: Engine) -> None:
    """YF-8, LC-14: the retry of a join that timed out counts its time anew, and no step of it runs twice."""
    engine.errors["b"] = [ValueError("no")]
    failed = engine.run(
        engine.do("a", dependsOn=[]),
        engine.node("nap", "delay", duration=8000) | {"dependsOn": []},
        engine.do("b", dependsOn=["nap"], retryPolicy={"maxAttempts": 1}),
        engine.node("long", "delay", duration=4000) | {"dependsOn": ["b"]},
        engine.node("j", "join", timeout=5000) | {"dependsOn": ["a", "long"]},
        engine.do("after"),
    )
    engine.until_idle(failed)
    assert engine.status(failed) == "FAILED"
    engine.advance(HOUR)
    engine.ask(failed, "retry")
    engine.until_idle(failed)
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == ["a", "b", "b", "after"]
    assert engine.trail(failed, "j") == ["FAILED", "COMPLETED"]


def test_a_retry_does_not_find_a_joins_time_over(engine: Engine) -> None:
    """YF-8, LC-14: the time of a join whose block failed for another reason counts anew from the retry."""
    engine.errors["a"] = [ValueError("no")]
    failed = engine.run(
        engine.do("a", dependsOn=[], retryPolicy={"maxAttempts": 1}),
        engine.node("nap", "delay", duration=4000) | {"dependsOn": ["a"]},
        engine.node("j", "join", timeout=5000) | {"dependsOn": ["a", "nap"]},
    )
    assert engine.status(failed) == "FAILED"
    assert engine.instance(failed).wake_at is None
    engine.advance(HOUR)
    engine.ask(failed, "retry")
    engine.until_idle(failed)
    assert engine.status(failed) == "COMPLETED"


def test_a_block_that_failed_does_not_fail_again_for_its_join(engine: Engine) -> None:
    """YF-8, WH-20: an item whose step failed has failed once; the timer of the join that waited for it is gone, and the
    other items finish before the loop fails.
    """
    engine.errors["x[0]/a"] = [ValueError("no")]
    failed = engine.run(
        engine.node(
            "x",
            "for_each",
            items="[0, 1]",
            steps=[
                engine.do("a", dependsOn=[], retryPolicy={"maxAttempts": 1}),
                engine.do("b", dependsOn=["a"]),
                engine.node("j", "join", timeout=5000) | {"dependsOn": ["a", "b"]},
                engine.node("nap", "delay", duration=60_000),
            ],
        ),
    )
    engine.advance(5000)
    assert engine.status(failed) == "RUNNING"
    assert engine.trail(failed, "x[0]/j") == []
    engine.advance(55_000)
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "a"
    assert engine.trail(failed, "x[1]/nap") == ["COMPLETED"]
    engine.ask(failed, "retry")
    engine.until_idle(failed)
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == ["x[0]/a", "x[1]/a", "x[1]/b", "x[0]/a", "x[0]/b"]


def test_a_suspended_join_whose_steps_have_failed_does_not_wait_again(engine: Engine) -> None:
    """YF-8, WH-14: a join that is resumed when nothing that it waits for can come any more fails its block at once."""

    def fail_late() -> None:
        engine.clock.advance(5000)
        raise PermanentStepError("no")

    engine.during["a"] = fail_late
    failed = engine.run(
        engine.do("lead"),
        engine.do("a", dependsOn=["lead"]),
        engine.node("j", "join", timeout=5000) | {"dependsOn": ["lead", "a"], "errorPolicy": "suspend"},
    )
    assert engine.status(failed) == "PAUSED"
    assert engine.reason(failed)["stepId"] == "j"
    engine.ask(failed, "resume")
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "a"
    engine.during = {}
    engine.ask(failed, "retry")
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == ["lead", "a", "a"]


def test_a_pause_does_not_count_against_a_join(engine: Engine) -> None:
    """YF-8, WH-17: a join has as much time left after a pause as it had before."""
    paused = engine.run(
        engine.node("far", "delay", duration=60_000) | {"dependsOn": []},
        engine.node("near", "delay", duration=1000) | {"dependsOn": []},
        engine.node("j", "join", timeout=5000) | {"dependsOn": ["far", "near"]},
    )
    engine.advance(4000)
    engine.ask(paused, "pause")
    engine.advance(20_000)
    assert engine.status(paused) == "PAUSED"
    engine.ask(paused, "resume")
    engine.advance(999)
    assert engine.statuses(paused)["j"] == "PENDING"
    engine.advance(1)
    assert engine.statuses(paused)["j"] == "FAILED"
