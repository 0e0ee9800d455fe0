"""The step type ``data_transformation``."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.exceptions import InvalidDefinitionError

LINES = [
    {"sku": "b", "price": 3, "tags": {"kind": "x"}},
    {"sku": "a", "price": 10, "tags": {"kind": "y"}},
    {"sku": "c", "price": 2.5, "tags": {"kind": "x"}},
]


def run(engine: Any, *transformations: dict[str, Any], **data: Any) -> Any:
    step = engine.node("shape", "data_transformation", transformations=list(transformations))
    instance = engine.run(step, data={"lines": LINES, **data}, outputs={"made": "steps.shape.outputs"})
    return engine.outputs(instance)["made"]


@pytest.mark.parametrize(
    ("operation", "config", "made"),
    [
        ("map", {"expression": "item.sku + string(index) + input.mark"}, ["b0!", "a1!", "c2!"]),
        ("filter", {"condition": "item.price >= input.least"}, LINES[:2]),
        ("reduce", {"expression": "accumulator + item.price", "initial": "${input.least * 2}"}, 21.5),
        ("sort", {"by": "item.price"}, [LINES[2], LINES[0], LINES[1]]),
        ("sort", {"by": "item.sku", "order": "desc"}, [LINES[2], LINES[0], LINES[1]]),
        ("group", {"by": "item.tags.kind"}, {"x": [LINES[0], LINES[2]], "y": [LINES[1]]}),
        ("merge", {"with": "[{'sku': 'd'}]"}, [*LINES, {"sku": "d"}]),
        ("merge", {}, LINES[2]),
        ("extract", {"path": "tags.kind"}, ["x", "y", "x"]),
        ("extract", {"path": "1.sku"}, "a"),
        ("extract", {"fields": ["sku"]}, [{"sku": "b"}, {"sku": "a"}, {"sku": "c"}]),
        ("custom", {"expression": "source.size() + input.least"}, 6),
    ],
)
def test_each_operation_makes_its_target(engine: Any, operation: str, config: dict[str, Any], made: Any) -> None:
    """YF-4: per-item expressions see the item, its index, and the scope of the step."""
    step = {"operation": operation, "source": "input.lines", "target": "made", "config": config}
    assert run(engine, step, mark="!", least=3) == {"made": made}


def test_later_ones_see_the_targets_of_earlier_ones(engine: Any) -> None:
    """YF-4: by name; without a source the result before is taken, without a target the last one is `result`."""
    made = run(
        engine,
        {"operation": "map", "source": "input.lines", "target": "prices", "config": {"expression": "item.price"}},
        {"operation": "filter", "config": {"condition": "item > 2.6"}},
        {"operation": "map", "target": "doubled", "config": {"expression": "item * 2 + prices.size()"}},
        {"operation": "custom", "source": "doubled", "config": {"expression": "source[0] + doubled[1]"}},
    )
    assert made == {"prices": [3, 10, 2.5], "doubled": [9, 23], "result": 32}


def test_it_reads_steps_and_loop_variables(engine: Any) -> None:
    """YF-3: whatever the step's own expressions could read, those of the items can: outputs of steps, loop items."""
    shape = engine.node(
        "shape",
        "data_transformation",
        transformations=[
            {
                "operation": "map",
                "source": "item",
                "target": "made",
                "config": {"expression": "item + steps.base.outputs.n + steps.base.n + variables.extra + outer"},
            }
        ],
    )
    loop = engine.node("each", "for_each", items="input.rows", indexVariable="outer", steps=[shape])
    base = engine.node("base", "custom", n=100)
    instance = engine.run(
        base, loop, data={"rows": [[1], [2, 3]]}, variables={"extra": 1000}, outputs={"made": "steps.each.outputs"}
    )
    assert [row["made"] for row in engine.outputs(instance)["made"]["results"]] == [[1201], [1203, 1204]]


def test_an_expression_that_fails_fails_the_step_for_good(engine: Any) -> None:
    """YF-3: an evaluation error says which expression; nothing is tried again."""
    step = {"operation": "map", "source": "input.lines", "target": "x", "config": {"expression": "item.nothing"}}
    instance = engine.run(engine.node("shape", "data_transformation", transformations=[step]), data={"lines": LINES})
    assert "item.nothing" in engine.reason(instance)["message"]
    assert engine.trail(instance, "shape") == ["FAILED"]


@pytest.mark.parametrize(
    "transformations",
    [
        [{"operation": "map", "source": "input.many", "target": "x", "config": {"expression": "input.text"}}],
        [
            {"operation": "extract", "source": "[input.text]", "target": f"x{n}", "config": {"path": "0"}}
            for n in range(60)
        ],
    ],
)
def test_many_small_results_are_bounded_together(engine: Any, transformations: list[dict[str, Any]]) -> None:
    """YF-3: what no single expression may make, many of them may not make either."""
    step = engine.node("shape", "data_transformation", transformations=transformations)
    instance = engine.run(step, data={"many": list(range(60)), "text": "x" * 1_000_000})
    assert "more than 50000000 bytes" in engine.reason(instance)["message"]
    assert engine.trail(instance, "shape") == ["FAILED"]


@pytest.mark.parametrize("config", [{"condition": "item"}, {"condition": "input.lines.map(x, x.price > item.price)"}])
def test_expressions_stop_at_their_budget(engine: Any, config: dict[str, Any]) -> None:
    """YF-3: one expression cannot run for ever; small ones pass."""
    lines = [{"price": number} for number in range(5)]
    step = {"operation": "filter", "source": "input.lines", "target": "x", "config": config}
    assert len(run(engine, step, lines=lines)["x"]) == 5
    huge = {
        "operation": "map",
        "source": "[1]",
        "target": "x",
        "config": {"expression": "input.n.map(a, input.n.map(b, a + b).size()).size()"},
    }
    instance = engine.run(
        engine.node("shape", "data_transformation", transformations=[huge]),
        data={"n": list(range(3000))},
        version="2.0.0",
    )
    assert "takes too long" in engine.reason(instance)["message"]


@pytest.mark.parametrize(
    ("transformation", "said"),
    [
        ({"operation": "map", "source": "input.a"}, "`expression` is missing"),
        ({"operation": "map", "source": "input.a", "config": {"expression": "itm"}}, "'itm' is not known"),
        (
            {"operation": "map", "source": "input.a", "config": {"expression": "accumulator"}},
            "'accumulator' is not known",
        ),
        ({"operation": "filter", "source": "input.a", "config": {"condition": "item >"}}, "INVALID_EXPRESSION"),
        ({"operation": "extract", "source": "input.a", "config": {}}, "say what to extract"),
        ({"operation": "map", "config": {"expression": "item"}}, "`source` is missing"),
        ({"operation": "merge", "source": "input.a", "target": "steps"}, "'steps' hides"),
        ({"operation": "turn", "source": "input.a"}, "give 'map'"),
    ],
)
def test_a_wrong_transformation_is_refused(engine: Any, transformation: dict[str, Any], said: str) -> None:
    """YF-1: what each operation needs, and what its expressions may name, is known before anything runs."""
    with pytest.raises(InvalidDefinitionError) as raised:
        engine.begin(engine.node("shape", "data_transformation", transformations=[transformation]))
    assert any(said in f"{problem.code} {problem.message}" for problem in raised.value.problems), raised.value.problems
