"""rewind, fork and migrate: what an operator does to an instance that went wrong (LC-14, WH-18, DP-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory.exceptions import ConflictError, IllegalTransitionError, InvalidRequestError, WorkflowNotFoundError

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def nap(engine: Engine, name: str = "nap") -> dict[str, Any]:
    return engine.node(name, "delay", duration=60_000)


def rewind(engine: Engine, run: str, step: str) -> None:
    engine.runner.control.control(run, "rewind", step=step, caller="ann")
    engine.work()


def migrate(engine: Engine, run: str, version: str) -> None:
    engine.runner.control.control(run, "migrate", version=version, caller="ann")
    engine.work()


def test_a_rewound_step_and_what_follows_run_again(engine: Engine) -> None:
    """LC-14, WH-19: with other idempotency keys, because they are other executions; what came before stays."""
    run = engine.run(*[engine.do(n, label=n) for n in "abc"], nap(engine), engine.do("d", label="d"))
    rewind(engine, run, "b")
    assert engine.calls == ["a", "b", "c", "b", "c"]
    assert engine.keys == [f"{run}/a", f"{run}/b", f"{run}/c", f"{run}/b~1", f"{run}/c~1"]
    engine.advance(60_000)
    assert engine.calls[-1] == "d"
    assert engine.status(run) == "COMPLETED"


def test_branches_beside_a_rewound_step_stay(engine: Engine) -> None:
    """LC-14: only what depends on the step runs again; a join waits for it anew."""
    steps = [
        engine.do("a", label="a"),
        engine.do("x", label="x", dependsOn=["a"]),
        engine.do("y", label="y", dependsOn=["a"]),
        engine.do("z", label="z", dependsOn=["x", "y"]),
        nap(engine),
    ]
    run = engine.run(*steps)
    rewind(engine, run, "x")
    assert sorted(engine.calls[:3]) == ["a", "x", "y"]
    assert engine.calls[3:] == ["z", "x", "z"]


def test_a_rewind_into_a_container_that_has_failed_takes_it_up_again(engine: Engine) -> None:
    """LC-14: while another branch still runs; the container goes on and finishes."""
    engine.errors["b"] = [ValueError("no")]
    inner = [engine.do("a", label="a"), engine.do("b", label="b", retryPolicy={"maxAttempts": 1})]
    box = engine.node("box", "parallel", branches=[{"name": "one", "steps": inner}])
    beside = engine.node("nap", "delay", duration=60_000) | {"dependsOn": []}
    run = engine.run(box, beside, engine.do("after", label="after", dependsOn=["box"]))
    assert engine.statuses(run)["box"] == "FAILED"
    rewind(engine, run, "a")
    assert engine.calls == ["a", "b", "a", "b", "after"]
    engine.advance(60_000)
    assert engine.status(run) == "COMPLETED"


def test_a_rewind_into_a_container_that_is_suspended_takes_it_up_again(engine: Engine) -> None:
    """LC-14: once somebody lets the instance go on."""
    first, last = engine.node("first", "delay", duration=20_000), engine.node("last", "delay", duration=1000)
    inner = [engine.do("a", label="a"), first, engine.do("b", label="b"), last]
    box = engine.node("box", "parallel", branches=[{"name": "one", "steps": inner}])
    engine.during["b"] = lambda: engine.clock.advance(20_000) if engine.calls.count("b") == 1 else None
    run = engine.run(box | {"errorPolicy": "suspend", "timeout": 30_000}, engine.do("after", label="after"))
    engine.advance(20_000)
    engine.advance(20_000)
    assert engine.status(run) == "PAUSED"
    rewind(engine, run, "a")
    assert engine.calls == ["a", "b"]
    engine.ask(run, "resume")
    engine.advance(20_000)
    engine.advance(1000)
    assert engine.calls == ["a", "b", "a", "b", "after"]
    assert engine.status(run) == "COMPLETED"


def test_a_rewind_into_what_has_failed_in_a_loop_that_still_runs_is_counted(engine: Engine) -> None:
    """LC-14: the item that had failed is open again, so that the loop waits for it and ends when all are through."""
    engine.errors["b0"] = [ValueError("no")]
    last = engine.node("last", "delay", duration=1000)
    body = [engine.do("a"), engine.do("b", label="b${item}", retryPolicy={"maxAttempts": 1}), last]
    run = engine.run(engine.node("loop", "for_each", items=[0, 1, 2], steps=body, maxConcurrency=1))
    assert engine.statuses(run)["loop"] == "RUNNING"
    rewind(engine, run, "loop[0]/a")
    for _ in range(3):
        engine.advance(1000)
    assert engine.calls.count("b0") == 2
    assert engine.status(run) == "COMPLETED"


def test_a_rewind_that_fails_again_in_a_loop_ends_with_it(engine: Engine) -> None:
    """LC-14: an item that fails once more is counted as failed once, and a retry takes it up."""
    engine.errors["b0"] = [ValueError("no"), ValueError("no")]
    last = engine.node("last", "delay", duration=1000)
    body = [engine.do("a"), engine.do("b", label="b${item}", retryPolicy={"maxAttempts": 1}), last]
    run = engine.run(engine.node("loop", "for_each", items=[0, 1, 2], steps=body, maxConcurrency=1))
    rewind(engine, run, "loop[0]/a")
    for _ in range(3):
        engine.advance(1000)
    assert engine.status(run) == "FAILED"
    engine.ask(run, "retry")
    engine.advance(1000)
    assert engine.status(run) == "COMPLETED"


def test_a_rewind_into_a_failed_container_of_a_branch_is_counted_where_it_stands(engine: Engine) -> None:
    """LC-14: the branch around it had failed with it while another one runs; both have to end before the container does."""
    engine.errors["b"] = [ValueError("no")]
    inner = [engine.do("a", label="a"), engine.do("b", label="b", retryPolicy={"maxAttempts": 1}), nap(engine, "long")]
    box = engine.node("box", "parallel", branches=[{"name": "only", "steps": inner}])
    branches = [
        {"name": "one", "steps": [box]},
        {"name": "two", "steps": [engine.node("short", "delay", duration=1000)]},
    ]
    run = engine.run(engine.node("outer", "parallel", branches=branches), engine.do("after", label="after"))
    rewind(engine, run, "a")
    engine.advance(1000)
    assert engine.status(run) == "RUNNING"
    engine.advance(60_000)
    assert engine.calls == ["a", "b", "a", "b", "after"]
    assert engine.status(run) == "COMPLETED"


def early_join(engine: Engine) -> list[dict[str, Any]]:
    """Three steps side by side, and a join that two of them satisfy."""
    steps = [engine.do(name, label=name, dependsOn=[]) for name in "abc"]
    join = engine.node("two", "join", strategy="n_of", count=2) | {"dependsOn": ["a", "b", "c"]}
    return [*steps, join, engine.do("after", label="after"), nap(engine)]


def test_a_join_waits_for_the_rewound_step_though_it_had_enough_without_it(engine: Engine) -> None:
    """LC-14, YF-8: else nothing could ever go on."""
    run = engine.run(*early_join(engine))
    done = set(engine.calls) - {"after"}
    assert len(done) >= 2
    again = max(done)
    engine.calls.clear()
    rewind(engine, run, again)
    assert engine.calls == [again, "after"]
    engine.advance(60_000)
    assert engine.status(run) == "COMPLETED"


def test_a_fork_from_a_step_of_an_early_join_runs_that_step(engine: Engine) -> None:
    """LC-14, YF-8: the others alone would have satisfied the join."""
    run = engine.run(*early_join(engine))
    engine.calls.clear()
    fork = engine.runner.forks.fork(run, "a").instance.id
    engine.work()
    engine.until_idle(fork)
    assert "a" in engine.calls
    assert engine.calls[-1] == "after"
    assert engine.status(fork) == "COMPLETED"


def test_a_failed_instance_can_be_rewound(engine: Engine) -> None:
    """LC-14: FAILED → PENDING → RUNNING, from an earlier step than the one that failed."""
    engine.errors["c"] = [ValueError("x")]
    run = engine.run(*[engine.do(n, label=n, retryPolicy={"maxAttempts": 1}) for n in "abc"])
    assert engine.status(run) == "FAILED"
    rewind(engine, run, "a")
    assert engine.calls == ["a", "b", "c", "a", "b", "c"]
    assert engine.moves(run) == ["RUNNING", "FAILED", "PENDING", "RUNNING", "COMPLETED"]


def test_a_paused_instance_stays_paused(engine: Engine) -> None:
    """WH-17: the rewound step runs when the instance is resumed."""
    run = engine.run(engine.do("a", label="a"), nap(engine))
    engine.ask(run, "pause")
    rewind(engine, run, "a")
    assert engine.calls == ["a"]
    engine.ask(run, "resume")
    assert engine.calls == ["a", "a"]


def test_a_late_result_is_not_taken_for_the_new_one(engine: Engine) -> None:
    """WH-19: what a step of before the rewind reports belongs to an execution that is gone."""
    engine.results["a"] = {"value": 1}
    run = engine.run(engine.do("a", label="a"), nap(engine), outputs={"a": "steps.a.outputs"})
    engine.results["a"] = {"value": 2}
    rewind(engine, run, "a")
    engine.advance(60_000)
    assert engine.outputs(run) == {"a": {"value": 2}}


@pytest.mark.parametrize(
    ("step", "message"),
    [("nobody", "has no step"), ("later", "has not finished"), ("inner", "rewind to 'loop'")],
)
def test_what_cannot_be_rewound_to_says_why(engine: Engine, step: str, message: str) -> None:
    """LC-14: the error says what to do instead; nothing is changed."""
    loop = engine.node("loop", "for_each", items=[1, 2], steps=[engine.do("inner", label="inner")])
    run = engine.run(loop, nap(engine), engine.do("later", label="later"))
    with pytest.raises(ConflictError, match=message):
        rewind(engine, run, step)
    assert engine.calls == ["inner", "inner"]


def test_a_finished_instance_is_not_rewound(engine: Engine) -> None:
    """LC-1: a terminal status never changes."""
    run = engine.run(engine.do("a"))
    with pytest.raises(IllegalTransitionError, match="fork"):
        rewind(engine, run, "a")


# --- fork -------------------------------------------------------------------------------------------------------------


def test_a_fork_goes_on_from_a_step(engine: Engine) -> None:
    """LC-14: what was finished before the step counts as finished; the old instance stays as it is."""
    declared: dict[str, Any] = {
        "inputs": {"n": {"type": "integer"}},
        "outputs": {"a": "steps.a.outputs", "b": "steps.b.outputs"},
    }
    old = engine.run(
        engine.do("a", label="a", value="${input.n}"),
        engine.do("b", label="b", value="${input.n}"),
        data={"n": 1},
        **declared,
    )
    new = engine.runner.forks.fork(old, "b", {"n": 2}).instance
    engine.work()
    assert engine.calls == ["a", "b", "b"]
    assert engine.outputs(new.id) == {"a": {"value": 1}, "b": {"value": 2}}
    assert engine.outputs(old) == {"a": {"value": 1}, "b": {"value": 1}}
    assert (engine.instance(new.id).forked_from, engine.instance(new.id).mode) == (old, "fork")
    assert engine.moves(new.id) == ["RUNNING", "COMPLETED"]


def test_a_fork_of_a_failed_instance(engine: Engine) -> None:
    """LC-14: another way out than a retry: the same input, from the step that failed."""
    engine.errors["b"] = [ValueError("x")]
    policy: dict[str, Any] = {"retryPolicy": {"maxAttempts": 1}}
    text = "x" * 50_000
    old = engine.run(
        engine.do("a", label="a", value=text), engine.do("b", label="b", **policy), outputs={"a": "steps.a.outputs"}
    )
    new = engine.runner.forks.fork(old, "b").instance.id
    engine.work()
    assert engine.outputs(new) == {"a": {"value": text}}
    assert engine.status(old) == "FAILED"


def test_a_fork_needs_a_step_of_the_root(engine: Engine) -> None:
    """LC-14: the error lists the steps that there are."""
    loop = engine.node("loop", "for_each", items=[1], steps=[engine.do("inner")])
    old = engine.run(loop)
    with pytest.raises(ConflictError, match="fork from a step of the root: loop"):
        engine.runner.forks.fork(old, "inner")
    with pytest.raises(ConflictError, match="has no step 'x'"):
        engine.runner.forks.fork(old, "x")


# --- migrate ----------------------------------------------------------------------------------------------------------


def test_an_instance_goes_on_as_another_version(engine: Engine) -> None:
    """DP-2: steps that the new version adds behind will run, those before are skipped; finished ones stay finished."""
    run = engine.run(engine.do("a", label="a"), nap(engine), engine.do("b", label="b"))
    new = engine.document(
        engine.do("a", label="a"),
        engine.do("early", label="early"),
        nap(engine),
        engine.do("b", label="b2"),
        engine.do("c", label="c"),
        version="2.0.0",
        outputs={"c": "steps.c.outputs"},
    )
    engine.register(new)
    migrate(engine, run, "2.0.0")
    assert engine.instance(run).version == "2.0.0"
    engine.advance(60_000)
    assert engine.calls == ["a", "b2", "c"]
    assert engine.outputs(run) == {"c": {"value": None}}


@pytest.mark.parametrize("is_late", [False, True])
def test_a_join_that_waits_skips_nothing_in_a_migration(engine: Engine, is_late: bool) -> None:
    """DP-2, YF-8: what it still waits for runs in the new version too, also when the join has waited too long."""
    inner = [
        engine.do("far", label="far", dependsOn=["nap"]),
        engine.do("near", label="near", dependsOn=[]),
        engine.node("j", "join", timeout=10_000) | {"dependsOn": ["far", "near"]},
    ]
    if not is_late:
        inner[-1]["config"]["timeout"] = 100_000
    box = engine.node("box", "condition", condition="true", thenSteps=[nap(engine) | {"dependsOn": []}, *inner])
    run = engine.run(box, engine.do("b", label="b"))
    engine.register(engine.document(box, engine.do("b", label="b"), engine.do("c", label="c"), version="2.0.0"))
    engine.advance(20_000)
    migrate(engine, run, "2.0.0")
    engine.advance(40_000)
    assert engine.calls[:2] == ["near", "far"]
    if is_late:
        assert engine.status(run) == "FAILED"
        engine.ask(run, "retry")
    assert engine.status(run) == "COMPLETED"
    assert engine.calls == ["near", "far", "b", "c"]


def test_a_paused_instance_that_is_through_goes_on_as_another_version(engine: Engine) -> None:
    """DP-2, WH-17: its last step ended while it was paused; a step that the new version adds at the end runs all the same."""
    wait = engine.node("w", "wait_event", eventName="paid")
    run = engine.run(wait)
    engine.ask(run, "pause")
    engine.runner.events.publish("paid")
    engine.work()
    engine.register(engine.document(wait, engine.do("added", label="added"), version="2.0.0"))
    migrate(engine, run, "2.0.0")
    engine.ask(run, "resume")
    assert engine.calls == ["added"]
    assert engine.status(run) == "COMPLETED"


def spread(engine: Engine, *more: dict[str, Any], version: str) -> dict[str, Any]:
    """Items whose steps stand side by side: the first item fails at ``b``, the others sleep."""
    body = [
        engine.do("b", label="b${item}", retryPolicy={"maxAttempts": 1}, dependsOn=[]),
        engine.node("last", "delay", duration=1000) | {"dependsOn": ["b"]},
        *more,
    ]
    return engine.document(engine.node("loop", "for_each", items=[0, 1], steps=body), version=version)


@pytest.mark.parametrize("has_ended", [False, True])
def test_steps_that_a_version_adds_to_what_has_failed_are_counted(engine: Engine, has_ended: bool) -> None:
    """DP-2: in a loop that still runs they run at once, in one that has failed with the retry; either way it ends."""
    engine.errors["b0"] = [ValueError("no")]
    run = engine.start(engine.register(spread(engine, version="1.0.0")))
    engine.work()
    engine.register(spread(engine, engine.do("new", label="new${item}", dependsOn=[]), version="2.0.0"))
    if has_ended:
        engine.advance(1000)
        assert engine.status(run) == "FAILED"
    migrate(engine, run, "2.0.0")
    assert ("new0" in engine.calls) is not has_ended
    engine.advance(1000)
    assert engine.status(run) == "FAILED"
    engine.ask(run, "retry")
    engine.advance(1000)
    assert engine.status(run) == "COMPLETED"
    assert engine.calls.count("new0") == 1


def test_a_migration_survives_crashes(engine: Engine) -> None:
    """WH-1: wherever a worker dies, the instance ends as the new version, with no finished step run again."""
    for writes in range(1, 8):
        engine.calls.clear()
        name = f"Flow{writes}"
        run = engine.run(engine.do("a", label="a"), nap(engine), engine.do("b", label="b"), name=name)
        engine.register(
            engine.document(
                engine.do("a", label="a"), nap(engine), engine.do("b", label="b2"), name=name, version="2.0.0"
            )
        )
        engine.runner.control.control(run, "migrate", version="2.0.0")
        engine.crash(writes)
        engine.recover()
        engine.advance(60_000)
        engine.until_idle(run)
        assert engine.calls == ["a", "b2"], writes
        assert engine.instance(run).version == "2.0.0"


def test_what_does_not_fit_is_refused(engine: Engine) -> None:
    """WH-18: every live step has to be there, of its type; the error names those that are not."""
    run = engine.run(nap(engine), engine.do("b", label="b"))
    engine.register(engine.document(engine.do("nap"), version="2.0.0"))
    engine.register(engine.document(engine.do("b"), version="3.0.0"))
    with pytest.raises(ConflictError, match="'nap' is of the type task, not delay"):
        migrate(engine, run, "2.0.0")
    with pytest.raises(ConflictError, match="'nap' is not there"):
        migrate(engine, run, "3.0.0")
    with pytest.raises(WorkflowNotFoundError):
        migrate(engine, run, "4.0.0")
    with pytest.raises(ConflictError, match="already"):
        migrate(engine, run, "1.0.0")
    with pytest.raises(InvalidRequestError, match="version"):
        migrate(engine, run, "")
    assert engine.instance(run).version == "1.0.0"


def test_a_failed_instance_is_mended_by_a_new_version(engine: Engine) -> None:
    """DP-2, LC-14: migrate, then retry: the failed step runs as the new version says."""
    engine.errors["bad"] = [ValueError("x")] * 9
    policy: dict[str, Any] = {"retryPolicy": {"maxAttempts": 1}}
    run = engine.run(engine.do("a", label="a"), engine.do("b", label="bad", **policy))
    engine.register(engine.document(engine.do("a"), engine.do("b", label="good"), version="1.0.1"))
    migrate(engine, run, "1.0.1")
    assert engine.status(run) == "FAILED"
    engine.ask(run, "retry")
    assert engine.calls == ["a", "bad", "good"]
    assert engine.status(run) == "COMPLETED"


def test_a_rewind_before_an_early_join_goes_on_through_it(engine: Engine) -> None:
    """WH-22, YF-8: what had lost against the step that runs anew stays lost, and the join goes on when that one is through."""
    waits = [engine.node(name, "wait_event", eventName=name) | {"dependsOn": []} for name in ("w1", "w2")]
    join = engine.node("j", "join", strategy="any") | {"dependsOn": ["a", "w1", "w2"]}
    run = engine.run(engine.do("a", label="a", dependsOn=[]), *waits, join, engine.node("nap", "delay", duration=1000))
    rewind(engine, run, "a")
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
    assert engine.calls == ["a", "a"]
