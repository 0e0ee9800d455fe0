"""set_variable: every action and source; what expressions see of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"value": 5}, 5),
        ({"value": None}, None),
        ({"value": {"list": [1, "${input.n}"]}}, {"list": [1, 4]}),
        ({"value": "${input.n * 2}"}, 8),
        ({"value": "n=${input.n}"}, "n=4"),
        ({"source": "literal", "value": "plain"}, "plain"),
        ({"source": "input", "sourcePath": "n"}, 4),
        ({"source": "input", "sourcePath": "order.lines.0.sku"}, "a"),
        ({"source": "step_output", "sourcePath": "first.value"}, {"deep": [7]}),
        ({"source": "step_output", "sourcePath": "first.outputs.value.deep.0"}, 7),
        ({"source": "env", "sourcePath": "REGION"}, "eu"),
    ],
)
def test_set_takes_its_value_from_any_source(engine: Engine, config: dict[str, Any], expected: Any) -> None:
    """YF-4: set_variable sets from a literal or template, the input, a step's output, or the environment."""
    engine.env = {"REGION": "eu"}
    done = engine.run(
        engine.do("first", value={"deep": [7]}),
        engine.node("set", "set_variable", action="set", key="x", **config),
        engine.do("after", value="${x}"),
        data={"n": 4, "order": {"lines": [{"sku": "a"}]}},
        inputs={"n": {"type": "integer"}, "order": {"type": "object"}},
        variables={"x": None},
        outputs={"x": "variables.x", "seen": "steps.after.value", "out": "steps.set.outputs"},
    )
    assert engine.outputs(done) == {
        "x": expected,
        "seen": expected,
        "out": {"key": "x", "value": expected, "action": "set"},
    }


def test_get_and_delete_answer_the_value(engine: Engine) -> None:
    """YF-4: get answers the value, null for one that is not there; delete takes it away and answers what it was."""
    done = engine.run(
        engine.node("get", "set_variable", action="get", key="a"),
        engine.node("none", "set_variable", action="get", key="nothing"),
        engine.node("gone", "set_variable", action="delete", key="a"),
        engine.node("again", "set_variable", action="delete", key="a"),
        variables={"a": 1, "b": 2},
        outputs={
            "get": "steps.get.value",
            "none": "steps.none.value",
            "gone": "steps.gone.value",
            "again": "steps.again.value",
        },
    )
    assert engine.outputs(done) == {"get": 1, "none": None, "gone": 1, "again": None}
    assert engine.see(done)["variables"] == {"b": 2}


def test_the_key_may_be_computed(engine: Engine) -> None:
    """YF-4: the key of a set_variable is a template."""
    done = engine.run(
        engine.node("set", "set_variable", action="set", key="k_${input.n}", value=1),
        data={"n": 4},
        inputs={"n": {"type": "integer"}},
    )
    assert engine.see(done)["variables"] == {"k_4": 1}


def test_variables_are_shared_by_all_blocks(engine: Engine) -> None:
    """WH-8: a variable set inside of a loop is seen by the next item and after the loop."""
    done = engine.run(
        engine.node(
            "each",
            "for_each",
            items=[1, 2, 3],
            maxConcurrency=1,
            steps=[engine.node("add", "set_variable", action="set", key="sum", value="${sum + item}")],
        ),
        variables={"sum": 0},
        outputs={"sum": "sum"},
    )
    assert engine.outputs(done) == {"sum": 6}


def test_a_loop_variable_hides_a_variable_of_its_name(engine: Engine) -> None:
    """WH-8: the nearest loop's item and index come before variables."""
    engine.run(
        engine.node(
            "each", "for_each", items=["x"], steps=[engine.do("in", value="${item}-${index}", label="${item}")]
        ),
        engine.do("after", label="${item}"),
        variables={"item": "mine"},
    )
    assert engine.calls == ["x", "mine"]
