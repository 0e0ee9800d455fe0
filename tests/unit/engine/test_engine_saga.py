"""saga and compensateWith: what is undone, in which order, and what goes on after it (WH-14, WH-15, WH-16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory.kernel import undo

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

ONCE: dict[str, Any] = {"retryPolicy": {"maxAttempts": 1}}


def do(engine: Engine, name: str, **more: Any) -> dict[str, Any]:
    """A step that is undone by ``u_<name>``."""
    undo = engine.do(f"u_{name}", label=f"u_{name}")
    return engine.do(name, label=name, compensateWith=[undo], **ONCE, **more)


def breaks(engine: Engine, name: str, times: int = 1) -> None:
    engine.errors[name] = [ValueError(f"{name} is broken") for _ in range(times)]


def test_finished_steps_are_undone_in_reverse_order(engine: Engine) -> None:
    """WH-15, WH-16: the failed step first, then the finished ones backwards; steps not reached are left alone; what
    follows the saga runs, and the instance ends COMPLETED and compensated.
    """
    breaks(engine, "c")
    saga = engine.node("s", "saga", steps=[do(engine, n) for n in "abcd"], compensate=[engine.do("own", label="own")])
    run = engine.run(saga, engine.do("after", label="after"), outputs={"s": "steps.s.outputs"})
    assert engine.calls == ["a", "b", "c", "u_c", "u_b", "u_a", "own", "after"]
    assert engine.outputs(run)["s"]["compensated"] is True
    assert engine.see(run)["compensated"] is True
    assert engine.statuses(run)["s"] == "COMPENSATED"


def test_a_saga_without_failure_undoes_nothing(engine: Engine) -> None:
    """WH-16: compensated is false, and the saga's own compensation does not run."""
    saga = engine.node("s", "saga", steps=[do(engine, "a")], compensate=[engine.do("own", label="own")])
    run = engine.run(saga, outputs={"s": "steps.s.outputs"})
    assert engine.outputs(run) == {"s": {"compensated": False}}
    assert engine.calls == ["a"]
    assert engine.see(run)["compensated"] is False


def test_a_compensation_sees_what_its_step_returned(engine: Engine) -> None:
    """WH-8, WH-15: also in loops, where it sees the item, the index and the output of its own round."""
    undo = engine.do("undo", value="${line.id}-${index}-${steps.book.outputs.value}", label="undo")
    book = engine.do("book", value="${line.id}", label="book", compensateWith=[undo])
    loop = engine.node("each", "for_each", items="input.lines", itemVariable="line", maxConcurrency=1, steps=[book])
    breaks(engine, "last")
    seen: list[Any] = []
    engine.inspect = lambda label, value: seen.append(value) if label == "undo" else None
    engine.run(
        engine.node("s", "saga", steps=[loop, engine.do("last", label="last", **ONCE)]),
        data={"lines": [{"id": "x"}, {"id": "y"}]},
        inputs={"lines": {"type": "array"}},
    )
    assert seen == ["y-1-y", "x-0-x"]
    assert len(set(engine.keys)) == len(engine.keys), "every undoing has a key of its own"


def test_nested_containers_are_undone_in_one_order(engine: Engine) -> None:
    """WH-15: the order of completion counts, through conditions, parallel branches and sagas inside of the saga."""
    branches = [{"name": n, "steps": [do(engine, n)]} for n in ("p", "q")]
    steps = [
        engine.node("if", "condition", condition="true", thenSteps=[do(engine, "a")]),
        engine.node("par", "parallel", maxConcurrency=1, branches=branches),
        engine.node("inner", "saga", steps=[do(engine, "i")], compensate=[engine.do("own_i", label="own_i")]),
        do(engine, "z"),
    ]
    breaks(engine, "z")
    engine.run(engine.node("s", "saga", steps=steps))
    assert engine.calls[-7:] == ["z", "u_z", "u_i", "own_i", "u_q", "u_p", "u_a"]


def test_a_saga_inside_of_a_saga_undoes_itself_only(engine: Engine) -> None:
    """WH-15: the inner saga fails and is undone; the outer one goes on."""
    breaks(engine, "i2")
    inner = engine.node("inner", "saga", steps=[do(engine, "i1"), do(engine, "i2")])
    run = engine.run(engine.node("s", "saga", steps=[do(engine, "a"), inner, do(engine, "b")]))
    assert engine.calls == ["a", "i1", "i2", "u_i2", "u_i1", "b"]
    assert engine.status(run) == "COMPLETED"


def test_a_saga_with_attempts_begins_anew(engine: Engine) -> None:
    """WH-15: it compensates, waits as its retryPolicy says, and runs again from its first step, under new keys; steps after
    it run once.
    """
    breaks(engine, "b", 2)
    retry = {"retryPolicy": {"maxAttempts": 3, "initialDelay": 1000, "jitter": False, "backoffStrategy": "fixed"}}
    saga = engine.node("s", "saga", steps=[do(engine, "a"), do(engine, "b")]) | retry
    run = engine.run(saga, engine.do("after", label="after"))
    assert engine.calls == ["a", "b", "u_b", "u_a"]
    engine.until_idle(run)
    assert engine.calls == [*["a", "b", "u_b", "u_a"] * 2, "a", "b", "after"]
    assert engine.see(run)["compensated"] is False
    assert len(set(engine.keys)) == len(engine.keys)


def test_a_compensation_that_fails_is_left_to_an_operator(engine: Engine) -> None:
    """WH-14, WH-15: it is retried by its own policy, then the instance is PAUSED; resume runs it again, and the rest follows."""
    breaks(engine, "b")
    engine.errors["u_b"] = [ValueError("1"), ValueError("2")]
    run = engine.run(
        engine.node("s", "saga", steps=[do(engine, "a"), do(engine, "b")]), engine.do("after", label="after")
    )
    engine.until_idle(run)
    assert engine.status(run) == "PAUSED"
    assert engine.reason(run)["code"] == "compensation_failed"
    assert engine.reason(run)["stepId"] == "u_b"
    engine.ask(run, "resume")
    assert engine.calls[-3:] == ["u_b", "u_a", "after"]
    assert engine.status(run) == "COMPLETED"


def test_policies_inside_of_a_saga(engine: Engine) -> None:
    """WH-14: errorPolicy retry, suspend and terminate of a step go before the saga's compensation; a retry of the instance
    takes the step up again.
    """
    for policy, status in (("retry", "FAILED"), ("suspend", "PAUSED"), ("terminate", "FAILED")):
        engine.calls.clear()
        breaks(engine, "b")
        saga = engine.node("s", "saga", steps=[do(engine, "a"), do(engine, "b", errorPolicy=policy)])
        run = engine.run(saga, name=policy.title())
        assert engine.status(run) == status
        engine.ask(run, "resume" if policy == "suspend" else "retry")
        assert engine.calls == ["a", "b", "b"]
        assert engine.status(run) == "COMPLETED"


def test_a_saga_that_is_told_to_terminate_undoes_nothing(engine: Engine) -> None:
    """WH-14: a saga with errorPolicy terminate or suspend compensates nothing and does that."""
    breaks(engine, "b")
    saga = engine.node("s", "saga", steps=[do(engine, "a"), do(engine, "b")]) | {"errorPolicy": "terminate"}
    run = engine.run(saga)
    assert engine.status(run) == "FAILED"
    assert engine.reason(run)["code"] == "terminated"
    assert engine.calls == ["a", "b"]


def test_a_saga_that_takes_too_long_is_undone(engine: Engine) -> None:
    """WH-14: a container's timeout is a failure; what was cut off may have taken effect and is undone too."""
    saga = engine.node("s", "saga", steps=[do(engine, "a"), engine.node("nap", "delay", duration=60_000)])
    run = engine.run(saga | {"timeout": 1000}, engine.do("after", label="after"))
    engine.advance(1000)
    assert engine.calls == ["a", "u_a", "after"]
    assert engine.status(run) == "COMPLETED"


def test_a_saga_that_is_cut_off_inside_of_another_is_undone_too(engine: Engine) -> None:
    """WH-15: what an inner saga has finished is undone by the outer one that is given up, in one order with the rest."""
    inner = engine.node("inner", "saga", steps=[do(engine, "b"), engine.node("nap", "delay", duration=60_000)])
    saga = engine.node("s", "saga", steps=[do(engine, "a"), inner])
    run = engine.run(saga | {"timeout": 1000}, engine.do("after", label="after"))
    engine.advance(1000)
    assert engine.calls == ["a", "b", "u_b", "u_a", "after"]
    assert engine.status(run) == "COMPLETED"


def test_a_saga_that_has_lost_a_race_is_undone_with_the_outer_one(engine: Engine) -> None:
    """WH-15, YF-8: a branch that lost had an effect already: when the saga around it fails, that is undone too."""
    inner = engine.node("inner", "saga", steps=[do(engine, "b"), engine.node("nap", "delay", duration=60_000)])
    branches = [{"name": "x", "steps": [inner]}, {"name": "y", "steps": [engine.node("n", "delay", duration=1000)]}]
    race = engine.node("race", "parallel", join="any", branches=branches)
    breaks(engine, "c")
    run = engine.run(engine.node("s", "saga", steps=[do(engine, "a"), race, do(engine, "c")]))
    engine.advance(1000)
    assert engine.calls == ["a", "b", "c", "u_c", "u_b", "u_a"]
    assert engine.status(run) == "COMPLETED"


def test_a_single_step_undoes_itself(engine: Engine) -> None:
    """WH-14: errorPolicy compensate outside of a saga: the step's own compensateWith runs, its successors go on."""
    breaks(engine, "a")
    run = engine.run(do(engine, "a", errorPolicy="compensate"), engine.do("after", label="after"))
    assert engine.calls == ["a", "u_a", "after"]
    assert engine.status(run) == "COMPLETED"
    assert engine.see(run)["compensated"] is True
    assert engine.statuses(run)["a"] == "COMPENSATED"


def test_a_step_with_nothing_to_undo_fails(engine: Engine) -> None:
    """WH-16: an instance is not COMPLETED while a step is failed and uncompensated."""
    breaks(engine, "a")
    run = engine.run(engine.do("a", label="a", errorPolicy="compensate", **ONCE))
    assert engine.status(run) == "FAILED"


def test_branches_beside_a_failure_finish_first(engine: Engine) -> None:
    """WH-15, YF-8: without failFast the other branches of the saga's parallel finish, then all is undone."""
    branches = [
        {"name": "a", "steps": [do(engine, "a")]},
        {"name": "b", "steps": [engine.node("nap", "delay", duration=1000), do(engine, "b")]},
    ]
    breaks(engine, "a")
    engine.run(engine.node("s", "saga", steps=[engine.node("p", "parallel", branches=branches)]))
    assert engine.calls == ["a"]
    engine.advance(1000)
    assert engine.calls == ["a", "b", "u_a", "u_b"]


def test_a_saga_survives_crashes(engine: Engine) -> None:
    """WH-1, WH-15: a worker may die after any write: everything is undone once, in order."""
    expected = ["a", "b", "c", "u_c", "u_b", "u_a", "after"]

    def fail(label: str) -> None:
        if label == "c":
            raise ValueError(label)

    engine.before = fail
    for writes in range(1, 14):
        engine.calls.clear()
        saga = engine.node("s", "saga", steps=[do(engine, n) for n in "abc"])
        run = engine.begin(saga, engine.do("after", label="after"), name=f"Flow{writes}")
        engine.crash(writes)
        engine.recover()
        engine.until_idle(run)
        firsts = list(dict.fromkeys(engine.calls))
        assert firsts == expected, writes
        assert engine.status(run) == "COMPLETED"


@pytest.mark.parametrize("page", [1, 2, 3, 50])
def test_the_order_of_undoing_does_not_depend_on_what_is_out_of_line(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """WH-15, WH-21: strict reverse order of completion across sagas that ran side by side, whose logs lie in pages."""
    monkeypatch.setattr(undo, "LOG_PAGE", page)
    breaks(engine, "last")

    def branch(name: str) -> dict[str, Any]:
        inner = engine.node(f"saga_{name}", "saga", steps=[do(engine, f"{name}{n}") for n in range(8)])
        return {"name": name, "steps": [inner, *(do(engine, f"{name}_{n}") for n in range(4))]}

    side_by_side = engine.node("both", "parallel", branches=[branch("a"), branch("b")])
    engine.run(engine.node("s", "saga", steps=[side_by_side, engine.do("last", label="last", **ONCE)]))
    done = [name for name in engine.calls if not name.startswith("u_") and name != "last"]
    assert len(done) == 24
    assert [name for name in engine.calls if name.startswith("u_")] == [f"u_{name}" for name in reversed(done)]


def test_a_rewound_step_of_a_long_saga_is_undone_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """WH-15, LC-14: what a rewind takes back leaves the log, also where that is out of line."""
    monkeypatch.setattr(undo, "LOG_PAGE", 1)
    steps = [do(engine, name) for name in "abcde"]
    wait = engine.node("w", "wait_event", eventName="paid", timeout=60_000)
    run = engine.begin(engine.node("s", "saga", steps=[*steps, wait]))
    engine.work()
    engine.runner.control.control(run, "rewind", step="b", caller="ann")
    engine.work()
    assert engine.calls == [*"abcde", *"bcde"]
    engine.calls.clear()
    engine.until_idle(run)
    assert engine.calls == ["u_e", "u_d", "u_c", "u_b", "u_a"]
    assert engine.status(run) == "COMPLETED"
