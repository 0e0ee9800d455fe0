"""Long loops: the cost per step, and the size of what is stored, stay flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory.exceptions import PermanentStepError
from reactory.host.ledger import Ledger
from reactory.kernel.machine import Machine
from reactory.kernel.snapshot import KEPT_VALUES

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

MOST = 65_536


def counting(engine: Engine, rounds: int) -> dict[str, Any]:
    value = "${(steps.in.value || 0) + 1}"
    return engine.node(
        "loop",
        "while",
        condition=f"(steps.in.value || 0) < {rounds}",
        maxIterations=rounds,
        steps=[engine.do("in", value=value, label="in")],
    )


def writes_per_step(engine: Engine, *steps: dict[str, Any], **more: Any) -> tuple[float, int, str]:
    """Store writes per step that ran, the largest snapshot, and the instance's id."""
    engine.calls.clear()
    instance_id = engine.begin(*steps, **more)
    watched = engine.watch_store()
    engine.work()
    assert engine.status(instance_id) == "COMPLETED"
    return watched.writes / len(engine.calls), max(map(len, watched.states)), instance_id


def test_ten_thousand_rounds_cost_per_round_what_ten_cost(engine: Engine) -> None:
    """WH-21: 10,000 rounds of a while: one write per round and a few in a hundred, and a small state at every settle."""
    few, _, _ = writes_per_step(engine, counting(engine, 100), name="Few")
    many, largest, instance_id = writes_per_step(engine, counting(engine, 3000), name="Many")
    assert many <= few * 1.1
    assert many < 1.2
    assert largest < 4_000
    assert len(engine.instance(instance_id).history) <= engine.limits.tail_records


@pytest.mark.parametrize("concurrency", [None, 10])
def test_ten_thousand_items_cost_per_item_what_a_hundred_cost(engine: Engine, concurrency: int | None) -> None:
    """WH-21: 10,000 items of a for_each: the writes per item do not grow, and no snapshot is larger than 64 KB."""
    limit = {} if concurrency is None else {"maxConcurrency": concurrency}

    def each(name: str, count: int) -> tuple[float, int, str]:
        loop = engine.node(
            "each", "for_each", items="input.items", steps=[engine.do("in", value="${item}", label="in")], **limit
        )
        more = {"inputs": {"items": {"type": "array"}}, "outputs": {"n": "size(steps.each.results)"}, "name": name}
        return writes_per_step(engine, loop, data={"items": list(range(count))}, **more)

    few, _, _ = each("Few", 200)
    many, largest, instance_id = each("Many", 10_000)
    assert engine.outputs(instance_id) == {"n": 10_000}
    assert many <= few * 1.1
    assert largest < MOST


def test_the_history_of_a_thousand_rounds_is_complete_and_in_order(engine: Engine) -> None:
    """WH-21, LC-2: every round stands in the history once, in order, though it lies in many chunks."""
    done = engine.run(counting(engine, 1000))
    told = engine.history(done)
    assert [entry["seq"] for entry in told] == list(range(len(told)))
    rounds = [entry["output"]["value"] for entry in told if entry["event"] == "step_completed"]
    assert rounds == list(range(1, 1001))
    assert len(engine.instances.history(done, -1, 10_000)) > 5


def test_the_journal_is_bounded(engine: Engine) -> None:
    """WH-21: a pass settles in between, so a recovery never has much to do again."""
    longest = 0
    instance_id = engine.begin(counting(engine, 500))

    def look() -> None:
        nonlocal longest
        longest = max(longest, engine.instance(instance_id).journal_count)

    engine.during["in"] = look
    engine.work()
    assert engine.status(instance_id) == "COMPLETED"
    assert 50 < longest <= engine.limits.journal_facts


def test_computed_rounds_cost_no_writes_of_their_own(engine: Engine) -> None:
    """WH-21: steps that only compute are durable with what follows them: ten thousand of them in a handful of writes."""
    instance_id = engine.begin(
        engine.node(
            "loop",
            "while",
            condition="n < 5000",
            maxIterations=5000,
            steps=[engine.node("add", "set_variable", action="set", key="n", value="${n + 1}")],
        ),
        variables={"n": 0},
        outputs={"n": "n"},
    )
    watched = engine.watch_store()
    engine.work()
    assert engine.outputs(instance_id) == {"n": 5000}
    assert watched.writes < 15
    assert max(map(len, watched.states)) < 2_000
    assert len(engine.history(instance_id)) == 5002


def test_a_short_instance_is_one_claim_and_one_write_per_step(engine: Engine) -> None:
    """DESIGN: the last push is the settle: three steps are two pushes, the settle, the claim, and the news struck off."""
    engine.begin(engine.do("a"), engine.do("b"), engine.do("c"))
    watched = engine.watch_store()
    engine.work()
    assert dict(watched.counts) == {"claim": 1, "push": 2, "settle": 1, "told": 1}


@pytest.mark.parametrize(("loops", "items"), [(1, 700), (3, 250)])
def test_an_instance_that_is_paused_with_very_many_held_steps(engine: Engine, loops: int, items: int) -> None:
    """WH-17, WH-21: when one item of several large loops suspends, hundreds of steps are held back: the worker comes back
    all the same, what is stored stays small, and after the resume everything is done once.
    """
    engine.errors["a"] = [PermanentStepError("no")]
    each = {"items": "input.n", "maxConcurrency": items}
    branches = [
        {
            "name": f"b{n}",
            "steps": [
                engine.node(
                    f"l{n}",
                    "for_each",
                    **each,
                    steps=[engine.do(f"a{n}", label="a"), engine.do(f"b{n}", label="b")],
                )
            ],
        }
        for n in range(loops)
    ]
    instance_id = engine.run(
        engine.node("p", "parallel", branches=branches),
        data={"n": list(range(items))},
        inputs={"n": {"type": "array"}},
        metadata={"errorPolicy": "suspend"},
    )
    assert engine.status(instance_id) == "PAUSED"
    assert engine.instance(instance_id).lease_until is None
    assert engine.calls.count("b") == 0
    engine.new_worker()
    engine.ask(instance_id, "resume")
    assert engine.status(instance_id) == "COMPLETED"
    assert engine.calls.count("a") == loops * items + 1
    assert engine.calls.count("b") == loops * items


def test_a_long_loop_does_not_keep_in_memory_what_it_moved_out_of_line(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WH-21: what was moved out of line, and nothing refers to any more, is let go of at every settle."""
    kept: list[int] = []
    settle = Ledger.settle

    async def watched(ledger: Ledger, machine: Machine, timer: int | None, *, keep_lease: bool) -> bool:
        settled = await settle(ledger, machine, timer, keep_lease=keep_lease)
        kept.append(len(machine.context.values))
        return settled

    monkeypatch.setattr(Ledger, "settle", watched)
    engine.results["x"] = {"large": "y" * 5000}
    body = [engine.do(name, label="x") for name in "ab"]
    last = engine.node("c", "set_variable", action="set", key="k", value=1)
    engine.before = lambda _label: engine.results.update(x={"large": f"{len(engine.calls)} " * 2000})
    done = engine.run(
        engine.node("each", "for_each", items="input.n", maxConcurrency=20, steps=[*body, last]),
        data={"n": list(range(400))},
        inputs={"n": {"type": "array"}},
    )
    assert engine.status(done) == "COMPLETED"
    assert len(kept) > 5
    assert max(kept) <= KEPT_VALUES
    assert len(engine.calls) == 800


def test_a_saga_that_undoes_thousands_of_steps_keeps_its_state_small(engine: Engine) -> None:
    """WH-15, WH-21: what is to be undone is out of line but for its end; all of it is undone, the last first."""
    count = 1500
    undo = engine.do("undo", value="${item}", label="undo")
    book = engine.do("book", value="${item}", label="book", compensateWith=[undo])
    loop = engine.node("each", "for_each", items="input.items", maxConcurrency=20, steps=[book])
    engine.errors["last"] = [PermanentStepError("sold out")]
    undone: list[Any] = []
    engine.inspect = lambda label, value: undone.append(value) if label == "undo" else None
    saga = engine.node("s", "saga", steps=[loop, engine.do("last", label="last")])
    items = [f"{number:04d}{'x' * 200}" for number in range(count)]
    _, largest, instance_id = writes_per_step(engine, saga, data={"items": items}, inputs={"items": {"type": "array"}})
    ended = [entry for entry in engine.history(instance_id) if entry["event"] == "step_completed"]
    booked = [entry["output"]["value"] for entry in ended if entry["type"] == "task" and "/book" in entry["path"]]
    assert len(booked) == count
    assert undone == booked[::-1]
    assert largest < 2 * MOST
