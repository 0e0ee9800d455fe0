"""parallel: branches at the same time, joined by all, any or n_of."""

from __future__ import annotations

from threading import Barrier
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


def branches(engine: Engine, **delays: int) -> list[dict[str, Any]]:
    """One branch per name: it sleeps so long, then runs a step of that name."""
    return [
        {"name": name, "steps": [engine.node(f"nap_{name}", "delay", duration=ms), engine.do(name, value=name)]}
        for name, ms in delays.items()
    ]


def test_branches_run_at_the_same_time(engine: Engine) -> None:
    """WH-20: steps of different branches are under way together: each waits here until the other has begun."""
    meet = Barrier(2, timeout=10)
    engine.during = {"p/a": meet.wait, "p/b": meet.wait}
    done = engine.run(
        engine.node(
            "p",
            "parallel",
            branches=[{"name": name, "steps": [engine.do(name, handler="t.thread", value=name)]} for name in "ab"],
        ),
        outputs={"p": "steps.p.outputs"},
    )
    assert engine.outputs(done) == {"p": {"a": {"value": "a"}, "b": {"value": "b"}}}


def test_all_waits_for_the_last_branch(engine: Engine) -> None:
    """YF-8: without a join every branch is waited for; the output has one entry per branch, the next step follows once."""
    done = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=1000, b=2000, c=500)),
        engine.do("after"),
        outputs={"p": "steps.p.outputs", "b": "steps.b.value"},
    )
    engine.advance(1000)
    assert engine.calls == ["p/c", "p/a"]
    engine.advance(1000)
    assert engine.calls == ["p/c", "p/a", "p/b", "after"]
    assert engine.outputs(done) == {"p": {n: {"value": n} for n in "abc"}, "b": "b"}


def test_any_goes_on_with_the_first_and_cancels_the_losers(engine: Engine) -> None:
    """YF-8: a join of any goes on with the first branch; the others are cancelled, their delays with them."""
    done = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=HOUR, b=1000, c=HOUR), join={"strategy": "any"}),
        engine.do("after"),
        outputs={"p": "steps.p.outputs"},
    )
    engine.advance(1000)
    assert engine.outputs(done) == {"p": {"b": {"value": "b"}}}
    assert engine.trail(done, "p/nap_a") == ["CANCELLED"]
    assert engine.instance(done).wake_at is None
    engine.advance(HOUR)
    assert engine.calls == ["p/b", "after"]


def test_n_of_goes_on_with_so_many(engine: Engine) -> None:
    """YF-8: a join of n_of goes on when so many branches are through."""
    done = engine.run(
        engine.node(
            "p",
            "parallel",
            branches=branches(engine, a=3000, b=1000, c=2000),
            join={"strategy": "n_of", "count": 2},
        ),
        outputs={"p": "steps.p.outputs"},
    )
    engine.advance(1000)
    assert engine.status(done) == "RUNNING"
    engine.advance(1000)
    assert engine.outputs(done) == {"p": {"b": {"value": "b"}, "c": {"value": "c"}}}


def test_any_survives_failures_while_one_branch_can_win(engine: Engine) -> None:
    """YF-8: a failed branch does not fail a join of any as long as another one succeeds."""
    engine.errors["p/a"] = [ValueError("no")]
    done = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=1, b=1000), join="any"),
        metadata={"retryPolicy": {"maxAttempts": 1}},
        outputs={"p": "steps.p.outputs"},
    )
    engine.advance(1)
    assert engine.status(done) == "RUNNING"
    engine.advance(1000)
    assert engine.outputs(done) == {"p": {"b": {"value": "b"}}}


def test_max_concurrency_holds_branches_back(engine: Engine) -> None:
    """YF-8: no more branches at once than maxConcurrency; the next begins when one is through."""
    done = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=1000, b=1000, c=1000), maxConcurrency=2),
    )
    assert set(engine.statuses(done)) >= {"p", "p/nap_a", "p/nap_b"}
    assert "p/nap_c" not in engine.statuses(done)
    engine.advance(1000)
    assert engine.calls == ["p/a", "p/b"]
    engine.advance(1000)
    assert engine.calls == ["p/a", "p/b", "p/c"]
    assert engine.status(done) == "COMPLETED"


def test_without_fail_fast_the_others_finish_first(engine: Engine) -> None:
    """YF-8: failFast false: the other branches finish, then the container fails with the branch's error."""
    engine.errors["p/a"] = [ValueError("broken")]
    failed = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=1, b=1000)),
        engine.do("after"),
        metadata={"retryPolicy": {"maxAttempts": 1}},
    )
    engine.advance(1)
    assert engine.status(failed) == "RUNNING"
    engine.advance(1000)
    assert engine.status(failed) == "FAILED"
    assert engine.calls == ["p/a", "p/b"]
    assert "broken" in engine.reason(failed)["message"]
    assert engine.reason(failed)["stepId"] == "a"
    engine.ask(failed, "retry")
    assert engine.calls == ["p/a", "p/b", "p/a", "after"]
    assert engine.status(failed) == "COMPLETED"


def test_fail_fast_cancels_the_others_and_a_retry_takes_them_up(engine: Engine) -> None:
    """YF-8, LC-14: failFast stops the other branches at the first failure; a retry takes up all that was stopped."""
    engine.errors["p/a"] = [ValueError("broken")]
    failed = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=1, b=1000, c=0), failFast=True),
        engine.do("after"),
        metadata={"retryPolicy": {"maxAttempts": 1}},
        outputs={"p": "steps.p.outputs"},
    )
    engine.advance(1)
    assert engine.status(failed) == "FAILED"
    assert engine.instance(failed).wake_at is None
    assert engine.calls == ["p/c", "p/a"]
    engine.ask(failed, "retry")
    engine.advance(1000)
    assert engine.outputs(failed) == {"p": {n: {"value": n} for n in "abc"}}
    assert engine.calls == ["p/c", "p/a", "p/a", "p/b", "after"]


def test_fail_fast_with_branches_still_to_begin(engine: Engine) -> None:
    """YF-8, LC-14: branches that maxConcurrency held back begin after the retry."""
    engine.errors["p/a"] = [ValueError("broken")]
    failed = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=0, b=0), failFast=True, maxConcurrency=1),
        metadata={"retryPolicy": {"maxAttempts": 1}},
    )
    assert engine.status(failed) == "FAILED"
    assert engine.calls == ["p/a"]
    engine.ask(failed, "retry")
    engine.until_idle(failed)
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == ["p/a", "p/a", "p/b"]


def test_a_failed_parallel_may_be_passed_over(engine: Engine) -> None:
    """YF-6: continueOnError on the container: it is FAILED, what still ran in it is dropped, the next step follows."""
    engine.errors["p/a"] = [ValueError("broken")]
    done = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=0, b=HOUR), failFast=True) | {"continueOnError": True},
        engine.do("after", condition="!steps.p.success"),
        metadata={"retryPolicy": {"maxAttempts": 1}},
        outputs={"error": "steps.p.error.message"},
    )
    assert engine.outputs(done) == {"error": "broken"}
    assert engine.calls == ["p/a", "after"]
    assert engine.statuses(done)["p"] == "FAILED"
    assert engine.instance(done).wake_at is None


def test_a_join_timeout_fails_the_container(engine: Engine) -> None:
    """YF-8: a join with a timeout fails when too few branches were through in time."""
    failed = engine.run(
        engine.node("p", "parallel", branches=branches(engine, a=HOUR, b=1000), join={"timeout": 5000}),
        engine.do("after"),
    )
    engine.advance(1000)
    assert engine.status(failed) == "RUNNING"
    engine.advance(4000)
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "p"
    assert "5000 ms" in engine.reason(failed)["message"]


def test_large_results_are_joined_after_a_restart(engine: Engine) -> None:
    """WR-15, WH-1: results that were moved out of line are fetched when another process joins the branches."""
    big = "x" * 200_000
    done = engine.run(
        engine.node(
            "p",
            "parallel",
            branches=[{"name": "big", "steps": [engine.do("a", value=big)]}, *branches(engine, late=HOUR)],
        ),
        engine.do("after", value="${size(steps.p.big.value)}"),
        outputs={"n": "steps.after.value"},
    )
    engine.new_worker()
    engine.advance(HOUR)
    assert engine.outputs(done) == {"n": 200_000}
