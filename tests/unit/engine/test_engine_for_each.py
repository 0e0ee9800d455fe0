"""for_each: one execution of its steps per item, results in the order of the items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory.exceptions import PermanentStepError
from reactory.kernel.nodes import for_each

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def test_results_come_in_the_order_of_the_items(engine: Engine) -> None:
    """YF-4: results stand in the order of the items, whichever was through first."""
    done = engine.run(
        engine.node(
            "each",
            "for_each",
            items="[300, 100, 200]",
            steps=[engine.node("nap", "delay", duration="${item}"), engine.do("in", value="${item}")],
        ),
        outputs={"r": "steps.each.results"},
    )
    engine.until_idle(done)
    assert engine.calls == ["each[1]/in", "each[2]/in", "each[0]/in"]
    assert engine.outputs(done) == {"r": [{"value": 300}, {"value": 100}, {"value": 200}]}


def test_item_and_index_have_the_names_given(engine: Engine) -> None:
    """WH-8: itemVariable and indexVariable name what the steps see, in loops within loops too."""
    inner = engine.node(
        "inner",
        "for_each",
        items="row.cells",
        itemVariable="cell",
        indexVariable="c",
        steps=[engine.do("in", value="${row.name}${r}${cell}${c}")],
    )
    done = engine.run(
        engine.node("outer", "for_each", items="input.rows", itemVariable="row", indexVariable="r", steps=[inner]),
        data={"rows": [{"name": "a", "cells": [1, 2]}, {"name": "b", "cells": []}, {"name": "c", "cells": [3]}]},
        inputs={"rows": {"type": "array"}},
        outputs={"r": "steps.outer.results"},
    )
    assert engine.outputs(done)["r"] == [
        {"results": [{"value": "a010"}, {"value": "a021"}]},
        {"results": []},
        {"results": [{"value": "c230"}]},
    ]
    assert sorted(engine.calls) == ["outer[0]/inner[0]/in", "outer[0]/inner[1]/in", "outer[2]/inner[0]/in"]


def test_no_items_no_steps(engine: Engine) -> None:
    """YF-4: an empty list is through at once, with empty results."""
    done = engine.run(
        engine.node("each", "for_each", items=[], steps=[engine.do("in")]),
        engine.do("after"),
        outputs={"r": "steps.each.results"},
    )
    assert engine.outputs(done) == {"r": []}
    assert engine.calls == ["after"]


def test_items_must_be_a_list(engine: Engine) -> None:
    """YF-4: items that are no array fail the step, and the message says what they are."""
    failed = engine.run(
        engine.node("each", "for_each", items="input.n", steps=[engine.do("in")]),
        data={"n": 3},
        inputs={"n": {"type": "integer"}},
    )
    assert engine.status(failed) == "FAILED"
    assert "array" in engine.reason(failed)["message"]
    assert engine.reason(failed)["stepId"] == "each"


def test_sequential_is_one_at_a_time(engine: Engine) -> None:
    """YF-8: maxConcurrency 1 runs item after item, each through all of its steps."""
    engine.run(
        engine.node(
            "each",
            "for_each",
            items=[1, 2],
            maxConcurrency=1,
            steps=[engine.do("a"), engine.do("b", handler="t.thread")],
        ),
    )
    assert engine.calls == ["each[0]/a", "each[0]/b", "each[1]/a", "each[1]/b"]


def test_max_concurrency_is_never_exceeded(engine: Engine) -> None:
    """YF-8: no more items at once than maxConcurrency; the next begins when one is through."""
    done = engine.run(
        engine.node(
            "each",
            "for_each",
            items=[1, 2, 3, 4, 5],
            maxConcurrency=2,
            steps=[engine.node("nap", "delay", duration=1000)],
        ),
    )
    seen = []
    while engine.status(done) == "RUNNING":
        seen.append(sorted(path for path in engine.statuses(done) if path.startswith("each[")))
        engine.advance(1000)
    assert seen == [["each[0]/nap", "each[1]/nap"], ["each[2]/nap", "each[3]/nap"], ["each[4]/nap"]]


def test_the_result_of_an_item_is_that_of_its_last_step(engine: Engine) -> None:
    """YF-4: an item's result is the output of its last step, null where that was skipped."""
    done = engine.run(
        engine.node(
            "each",
            "for_each",
            items=[1, 2],
            steps=[engine.do("a"), engine.do("b", value="${item}", condition="item > 1")],
        ),
        outputs={"r": "steps.each.results"},
    )
    assert engine.outputs(done) == {"r": [None, {"value": 2}]}


@pytest.mark.parametrize("count", [99, 100, 101, 250])
@pytest.mark.parametrize("concurrency", [1, 7, None])
def test_many_results_are_read_back_whole(engine: Engine, count: int, concurrency: int | None) -> None:
    """WH-21: results that were kept in pages are one list to whoever reads them: a step, an expression, the outputs."""
    limit = {} if concurrency is None else {"maxConcurrency": concurrency}
    done = engine.run(
        engine.node(
            "each", "for_each", items="input.items", steps=[engine.do("in", value="${item}", label="in")], **limit
        ),
        engine.do("sum", value="${size(steps.each.results)}"),
        engine.node(
            "again", "for_each", items="steps.each.results", steps=[engine.node("c", "custom", got="${item.value}")]
        ),
        data={"items": list(range(count))},
        inputs={"items": {"type": "array"}},
        outputs={"r": "steps.each.results", "n": "steps.sum.value", "last": "steps.again.results"},
    )
    outputs = engine.outputs(done)
    assert outputs["r"] == [{"value": number} for number in range(count)]
    assert outputs["n"] == count
    assert outputs["last"][-1] == {"got": count - 1}
    assert len(outputs["last"]) == count


def failing(engine: Engine, count: int, broken: list[int], **more: Any) -> str:
    for index in broken:
        engine.errors[f"each[{index}]/in"] = [ValueError(f"broken {index}")]
    return engine.run(
        engine.node("each", "for_each", items="input.items", steps=[engine.do("in", value="${item}")], **more),
        engine.do("after"),
        data={"items": list(range(count))},
        inputs={"items": {"type": "array"}},
        metadata={"retryPolicy": {"maxAttempts": 1}},
        outputs={"r": "steps.each.results"},
    )


@pytest.mark.parametrize("more", [{}, {"maxConcurrency": 1}, {"maxConcurrency": 3}])
def test_the_other_items_finish_before_a_failed_one_fails_the_loop(engine: Engine, more: dict[str, int]) -> None:
    """WH-5, LC-14: an item that fails lets the others finish; a retry runs only the failed ones."""
    failed = failing(engine, 6, [1, 4], **more)
    assert engine.status(failed) == "FAILED"
    assert len(engine.calls) == 6
    assert engine.reason(failed)["stepId"] == "in"
    assert "broken" in engine.reason(failed)["message"]
    engine.ask(failed, "retry")
    assert engine.calls[6:] == ["each[1]/in", "each[4]/in", "after"]
    assert engine.outputs(failed) == {"r": [{"value": number} for number in range(6)]}


def test_a_failed_item_does_not_pile_the_others_up_in_the_state(engine: Engine) -> None:
    """WH-21: results behind a failed item go out of line like all others."""
    failed = failing(engine, 3000, [0, 1500])
    assert engine.status(failed) == "FAILED"
    assert len(engine.instance(failed).state or "") < 20_000
    engine.ask(failed, "retry")
    assert len(engine.calls) == 3003
    assert engine.outputs(failed) == {"r": [{"value": number} for number in range(3000)]}


def test_items_may_go_on_after_a_failure(engine: Engine) -> None:
    """YF-6: with continueOnError on the step the item's result says what was wrong, and nothing fails."""
    engine.errors["each[1]/in"] = [ValueError("broken")]
    done = engine.run(
        engine.node(
            "each",
            "for_each",
            items=[0, 1],
            steps=[engine.do("in", value="${item}", continueOnError=True, retryPolicy={"maxAttempts": 1})],
        ),
        outputs={"r": "steps.each.results"},
    )
    good, bad = engine.outputs(done)["r"]
    assert good == {"value": 0}
    assert bad["error"]["message"] == "broken"


def test_steps_of_an_item_are_not_seen_outside(engine: Engine) -> None:
    """WH-8: each item has its own outputs; an item does not see another's."""
    done = engine.run(
        engine.do("a", value="out"),
        engine.node(
            "each",
            "for_each",
            items=[0, 1],
            maxConcurrency=1,
            steps=[
                engine.do("b", value="${steps.a.value}-${item}", condition="item == 0"),
                engine.do("c", value="${steps.b.value || 'none'}"),
            ],
        ),
        outputs={"r": "steps.each.results"},
    )
    assert engine.outputs(done) == {"r": [{"value": "out-0"}, {"value": "none"}]}


def test_a_graph_inside_of_an_item(engine: Engine) -> None:
    """WH-5: the steps of an item may be a graph."""
    engine.run(
        engine.node(
            "each",
            "for_each",
            items=[0, 1],
            steps=[engine.do("a"), engine.do("b", dependsOn=[]), engine.do("c", dependsOn=["a", "b"])],
        ),
    )
    assert sorted(engine.calls) == sorted(f"each[{i}]/{n}" for i in (0, 1) for n in "abc")


def test_progress_is_shown(engine: Engine) -> None:
    """WR-6: while it runs the loop shows how many items there are, have begun and are running."""
    running = engine.run(
        engine.node(
            "each", "for_each", items=[1, 2, 3], maxConcurrency=2, steps=[engine.node("nap", "delay", duration=1000)]
        ),
    )
    (shown,) = [step for step in engine.see(running)["steps"] if step["path"] == "each"]
    assert shown["status"] == "RUNNING"
    assert shown["progress"] == {"total": 3, "begun": 2, "running": 2, "failed": 0}


@pytest.mark.parametrize("limit", [{"maxConcurrency": 1}, {"maxConcurrency": 3}, {}])
def test_after_many_failed_items_no_more_are_begun(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int]
) -> None:
    """WH-21, LC-14: a loop in which too many items have failed begins no more of them, since each failure is kept in the
    state; a retry runs those that failed and all the rest, none twice.
    """
    monkeypatch.setattr(for_each, "FAILED_MOST", 5)
    monkeypatch.setattr(for_each, "WINDOW", 4)
    engine.errors["x"] = [PermanentStepError("no")] * 8
    body = [engine.do("in", value="${item}", label="x")]
    failed = engine.run(
        engine.node("each", "for_each", items="input.items", steps=body, **limit),
        data={"items": list(range(20))},
        inputs={"items": {"type": "array"}},
        outputs={"r": "steps.each.results"},
    )
    assert engine.status(failed) == "FAILED"
    begun = len(engine.calls)
    assert 5 <= begun < 5 + 4
    engine.errors.clear()
    engine.ask(failed, "retry")
    assert engine.outputs(failed) == {"r": [{"value": n} for n in range(20)]}
    assert len(engine.calls) == begun + 20


def test_the_item_is_among_the_variables(engine: Engine) -> None:
    """YF-10, WH-8: as in the original, ``variables.<itemVariable>`` is the item, where no variable has that name."""
    body = engine.do("one", value="${variables.line.id} ${variables.index} ${variables.item || 'no item'}")
    run = engine.run(
        engine.node("each", "for_each", items="lines", itemVariable="line", steps=[body]),
        variables={"lines": [{"id": "a"}, {"id": "b"}], "index": "own"},
        outputs={"all": {"type": "array", "source": "steps.each.outputs.results.map(r, r.value)"}},
    )
    assert engine.outputs(run) == {"all": ["a own no item", "b own no item"]}
