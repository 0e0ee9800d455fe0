"""What JavaScript writes and expressions accept."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.definition.expression import UnresolvedReferenceError, compile_expression
from reactory.exceptions import ExpressionError


class Names:
    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def lookup(self, root: str) -> Any:
        return self.values[root]


DATA: dict[str, Any] = {
    "input": {"a": 1, "zero": 0, "empty": "", "name": "Bob", "yes": True, "no": False, "nil": None, "list": [{"x": 5}]},
    "steps": {"charge-card": {"outputs": {"id": 7}}, "n": {"outputs": {"count": 3}}},
}


def evaluate(source: str) -> Any:
    return compile_expression(source).evaluate(Names(DATA))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("input.name === 'Bob'", True),
        ("input.name !== 'Bob'", False),
        ("input.zz || 'default'", "default"),
        ("input.zz.deep || nowhere || 'default'", "default"),
        ("input.empty || input.zero || input.nil || 'last'", "last"),
        ("input.name || 'default'", "Bob"),
        ("input.zz || input.zero", 0),
        ("input.zz || input.zy", None),
        ("(input.zz || 5) * 2", 10),
        ("'Dear ' + (input.zz || input.name) + '!'", "Dear Bob!"),
        ("size(input.zz || [1, 2])", 2),
        ("input.zz.size() || 0", 0),
        ("input.list[7].x || 'none'", "none"),
        ("input.list[input.a].x || 'none'", "none"),
        ("input.no || input.yes", True),
        ("input.no || false", False),
        ("input.name || true", "Bob"),
        ("input.list.map(i, i.y || i.x)", [5]),
        ("input.nil ?? 'x'", "x"),
        ("input.zero ?? 'x'", 0),
        ("input.zz ?? input.nil ?? 'x'", "x"),
        ("input.name && input.a", 1),
        ("input.empty && input.zz", ""),
        ("!input.empty && !!input.name", True),
        ("input.name ? 'some' : 'none'", "some"),
        ("input.zero ? input.zz : 'none'", "none"),
        ("input.list.0.x", 5),
        ("input.list.0.x === 5 ? input.list.length : -1", 1),
        ("input.name.length", 3),
        ("input.list.includes({'x': 5.0}) && input.name.includes('o')", True),
        ("input.name.toLowerCase().indexOf('b')", 0),
        ("undefined == null", True),
        ("${input.name} === 'Bob' && ${input.yes} === true", True),
        ("${input.zz || 'x'} !== 'x' || !${input.no}", True),
        ("size([${input.a}, ${input.zero}]) == 2 && (${input.name})", "Bob"),
        ("'${input.name}'", "${input.name}"),
        ("steps.charge-card.outputs.id", 7),
        ("steps.n.outputs.count-1", 2),
        ("steps.n.outputs.count -1", 2),
        ("stepResults.charge-card.outputs.id", 7),
        ("stepResults['n'].outputs.count === 3 && ${stepResults.n.outputs.count} > 2", True),
    ],
)
def test_the_dialect_of_javascript(source: str, value: Any) -> None:
    """YF-10: what the documents of the original use of JavaScript is accepted with JavaScript's meaning."""
    result = evaluate(source)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("input.zz == null", True),
        ("input.zz === undefined", True),
        ("null != input.zz.deep", False),
        ("input.a != null && input.a > 0", True),
        ("input.zz != null && input.zz.y > 3", False),
        ("input.zz == null || input.zz.y > 3", True),
        ("input.zz.y > 3 || input.zz == null", True),
        ("has(input.zz) ? input.zz.y : 'none'", "none"),
        ("has(input.zz) && input.zz.y > 3 || input.a == 1", True),
        ("input.no && input.zz > 1", False),
        ("input.yes || input.zz", True),
        ("input.list.exists(i, i.y > 1 || i.x == 5)", True),
        ("!(input.zz != null && input.zz.y > 3)", True),
        ("(input.zz == null) == true", True),
        ("input.list[7].x == null", True),
    ],
)
def test_operands_that_are_not_needed_may_be_absent(source: str, value: Any) -> None:
    """An unresolved reference in an operand matters only if that operand decides; compared with null it is null."""
    assert evaluate(source) is value or evaluate(source) == value


@pytest.mark.parametrize(
    "source",
    [
        "input.zz",
        "input.zz > 3",
        "input.zz > 3 || false",
        "input.zz && true",
        "input.zz.y != 3",
        "input.zz ? 1 : 2",
        "!input.zz",
        "input.a == 1 && input.zz == 'x'",
        "[input.zz]",
        "{'a': input.zz}",
        "input.zz.map(i, i)",
    ],
)
def test_an_operand_that_is_needed_must_be_there(source: str) -> None:
    """Outside of ||, ??, has() and comparisons with null, an unresolved reference is an error that names it."""
    with pytest.raises(UnresolvedReferenceError, match=r"input\.zz"):
        evaluate(source)


def test_a_default_does_not_hide_other_errors() -> None:
    """|| stands in for what is absent, not for what is wrong."""
    with pytest.raises(ExpressionError, match="does not work on"):
        evaluate("(input.name + 1) || 'x'")
