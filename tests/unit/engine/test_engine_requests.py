"""Requests that meet running steps and computations: what was answered is what becomes of the instance."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from reactory import step

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactory.kernel.facts import ControlAction
    from reactory.ports.store import InstanceStore, Outcome, Settle
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


def asked(engine: Engine, instance_id: Callable[[], str], action: ControlAction) -> Callable[[], None]:
    """A step's body that asks, as an operator would at that moment, and notes the answer."""

    def ask() -> None:
        engine.results["answer"] = engine.control(instance_id(), action)

    return ask


@pytest.mark.parametrize("handler", ["t.do", "t.thread"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_cancel_during_the_last_step_cancels(engine: Engine, handler: str, fails: bool) -> None:
    """WH-17: who was answered CANCELLED finds the instance cancelled, though its last step ended a moment later."""

    def body() -> None:
        engine.results["answer"] = engine.control(instance_id, "cancel", "no longer wanted")
        if fails:
            raise ValueError("no")

    engine.during["b"] = body
    instance_id = engine.begin(engine.do("a"), engine.do("b", handler=handler), metadata={"retryPolicy": {}})
    engine.work()
    assert engine.results["answer"] == "CANCELLED"
    assert engine.status(instance_id) == engine.instance(instance_id).status == "CANCELLED"
    assert engine.reason(instance_id)["message"] == "no longer wanted"
    assert engine.moves(instance_id) == ["RUNNING", "CANCELLED"]
    assert engine.calls == ["a", "b"]
    assert engine.trail(instance_id, "a") == ["COMPLETED"]
    assert "COMPLETED" not in engine.trail(instance_id, "b")
    assert engine.instance(instance_id).wake_at is None
    assert engine.instance(instance_id).lease_until is None


@pytest.mark.parametrize("handler", ["t.do", "t.thread"])
def test_a_pause_during_the_last_step_pauses(engine: Engine, handler: str) -> None:
    """WH-17, WH-1: who was answered PAUSED finds the instance paused; the resume completes it, and the step that finished
    meanwhile is not run again.
    """
    engine.during["b"] = asked(engine, lambda: instance_id, "pause")
    instance_id = engine.begin(engine.do("a"), engine.do("b", value=5, handler=handler), outputs={"b": "steps.b.value"})
    engine.work()
    assert engine.results["answer"] == "PAUSED"
    assert engine.status(instance_id) == engine.instance(instance_id).status == "PAUSED"
    engine.new_worker()
    engine.advance(HOUR)
    assert engine.status(instance_id) == "PAUSED"
    engine.ask(instance_id, "resume")
    assert engine.outputs(instance_id) == {"b": 5}
    assert engine.calls == ["a", "b"]
    assert engine.trail(instance_id, "b") == ["COMPLETED"]
    assert engine.moves(instance_id) == ["RUNNING", "PAUSED", "RUNNING", "COMPLETED"]


def test_a_request_never_makes_an_attempt_anew_that_may_be_made_once(engine: Engine) -> None:
    """WH-19, LC-14: one of two has won, and before that is written somebody rewinds the winner: the loser, which is waited
    for again, is neither called off nor run again.
    """

    @step("t.once")
    async def once() -> None:
        engine.calls.append("b")
        while "asked" not in engine.results or engine.instance(instance_id).inbox:  # noqa: ASYNC110 - nobody tells when an inbox was read
            await asyncio.sleep(0)

    def rewind() -> None:
        if "asked" not in engine.results:
            engine.runner.control.control(instance_id, "rewind", step="s", caller="ann")
            engine.results["asked"] = True

    engine.steps.add(once)
    engine.during["a"] = rewind
    winner, loser = engine.do("a", label="a", dependsOn=["s"]), engine.node("b", "task", handler="t.once")
    loser |= {"execution": "at_most_once", "dependsOn": []}
    join = engine.node("first", "join", strategy="any") | {"dependsOn": ["a", "b"]}
    instance_id = engine.begin(engine.do("s", label="s"), winner, loser, join, engine.do("c", label="c"))
    engine.work()
    assert engine.status(instance_id) == "COMPLETED"
    assert (engine.calls.count("b"), engine.calls[-1]) == (1, "c")


def test_a_cancel_during_the_first_step_keeps_the_beginning(engine: Engine) -> None:
    """WH-17, LC-2: an instance that began and is cancelled before anything of it was written did begin: the history and
    the events say so.
    """
    engine.during["a"] = asked(engine, lambda: instance_id, "cancel")
    instance_id = engine.begin(engine.do("a"))
    engine.work()
    assert engine.results["answer"] == engine.status(instance_id) == "CANCELLED"
    assert [entry["event"] for entry in engine.history(instance_id)][:2] == ["begin", "control"]
    moves = [(event.detail["previousStatus"], event.detail["status"]) for event in engine.events()]
    assert moves == [("PENDING", "RUNNING"), ("RUNNING", "CANCELLED")]
    assert engine.see(instance_id)["startedAt"] is not None
    assert engine.calls == ["a"]


@pytest.fixture
def released(engine: Engine) -> asyncio.Event:
    """The step ``t.wait`` ends when this is set."""
    event = asyncio.Event()

    @step("t.wait")
    async def wait() -> str:
        engine.calls.append("wait")
        await event.wait()
        return "waited"

    engine.steps.add(wait)
    return event


def beside(engine: Engine, released: asyncio.Event, action: ControlAction) -> str:
    """Branch x runs a, then b; branch y waits from the beginning, and ends after b asked for something."""

    def body() -> None:
        engine.results["answer"] = engine.control(instance_id, action)
        released.set()

    engine.during["b"] = body
    waiting = {"id": "w", "type": "task", "config": {"handler": "t.wait"}}
    branches = [
        {"name": "x", "steps": [engine.do("a", label="a"), engine.do("b", label="b")]},
        {"name": "y", "steps": [waiting]},
    ]
    instance_id = engine.begin(
        engine.node("p", "parallel", branches=branches),
        engine.do("after"),
        outputs={"w": {"type": "string", "source": "steps.p.outputs.y"}},
    )
    engine.work()
    return instance_id


def test_a_cancel_with_steps_side_by_side(engine: Engine, released: asyncio.Event) -> None:
    """WH-17: what was written before the cancel stays, what came after it counts no more, and nothing follows."""
    instance_id = beside(engine, released, "cancel")
    assert engine.results["answer"] == engine.status(instance_id) == "CANCELLED"
    assert sorted(engine.calls) == ["a", "b", "wait"]
    assert engine.trail(instance_id, "p/a") == ["COMPLETED"]
    assert "COMPLETED" not in engine.trail(instance_id, "p/b") + engine.trail(instance_id, "p/w")


def test_a_pause_with_steps_side_by_side(engine: Engine, released: asyncio.Event) -> None:
    """WH-17, WH-1: all that ran is finished and kept, nothing begins; after the resume each step has run once."""
    instance_id = beside(engine, released, "pause")
    assert engine.results["answer"] == engine.status(instance_id) == "PAUSED"
    assert sorted(engine.calls) == ["a", "b", "wait"]
    engine.new_worker()
    engine.ask(instance_id, "resume")
    assert engine.outputs(instance_id) == {"w": "waited"}
    assert sorted(engine.calls) == ["a", "after", "b", "wait"]
    assert [engine.trail(instance_id, path) for path in ("p/a", "p/b", "p/w")] == [["COMPLETED"]] * 3


class AfterSettle:
    """A store that does something once, right after the first settle."""

    def __init__(self, store: InstanceStore, then: Callable[[], None]) -> None:
        self._store = store
        self._then: Callable[[], None] | None = then

    def settle(self, batch: list[Settle]) -> list[Outcome]:
        outcomes = self._store.settle(batch)
        then, self._then = self._then, None
        if then is not None:
            then()
        return outcomes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def computing(engine: Engine, then: Callable[[], None]) -> str:
    """An instance that only computes, for far longer than anybody would wait."""
    add = engine.node("add", "set_variable", action="set", key="n", value="${n + 1}")
    loop = engine.node("loop", "while", condition="n < 9000000", maxIterations=10_000_000, steps=[add])
    instance_id = engine.begin(loop, variables={"n": 0}, outputs={"n": {"type": "integer", "source": "n"}})
    engine.instances = cast("InstanceStore", AfterSettle(engine.instances, then))
    engine.new_worker()
    return instance_id


def test_a_computation_can_be_cancelled_in_the_middle(engine: Engine) -> None:
    """WH-17, WH-21: a loop of millions of rounds that only compute is cancelled while it computes."""
    instance_id = computing(engine, lambda: answers.append(engine.control(instance_id, "cancel")))
    answers: list[str] = []
    engine.work()
    assert answers == ["CANCELLED"]
    assert engine.status(instance_id) == engine.instance(instance_id).status == "CANCELLED"
    assert engine.moves(instance_id) == ["RUNNING", "CANCELLED"]
    assert engine.instance(instance_id).lease_until is None


def test_a_computation_can_be_paused_in_the_middle(engine: Engine) -> None:
    """WH-17, WH-21: a pause stops it where it stands, and nothing is computed any further until somebody resumes it."""
    instance_id = computing(engine, lambda: answers.append(engine.control(instance_id, "pause")))
    answers: list[str] = []
    engine.work()
    assert answers == ["PAUSED"]
    stored = engine.instance(instance_id)
    assert stored.status == engine.status(instance_id) == "PAUSED"
    rounds = engine.see(instance_id)["variables"]["n"]
    assert 0 < rounds < 100_000
    engine.advance(HOUR)
    assert engine.see(instance_id)["variables"]["n"] == rounds
    engine.ask(instance_id, "cancel")
    assert engine.status(instance_id) == "CANCELLED"


def test_a_look_at_a_computation_does_not_wait_for_its_end(engine: Engine) -> None:
    """WR-9, WH-21: GET answers at once what a computing instance has come to, without following it to the end."""

    def look() -> None:
        seen.append(engine.see(instance_id))
        engine.control(instance_id, "cancel")

    seen: list[dict[str, Any]] = []
    instance_id = computing(engine, look)
    engine.work()
    (at_once,) = seen
    assert (at_once["status"], at_once["activity"]) == ("RUNNING", "executing")
    assert 0 < at_once["variables"]["n"] < 100_000
    assert at_once["outputs"] is None
