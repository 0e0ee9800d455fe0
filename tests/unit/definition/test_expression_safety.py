"""YF-3: expressions cannot escape, and their size and time are bounded."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.definition.expression import BudgetExceededError, compile_expression
from reactory.exceptions import ExpressionError


class Names:
    def __init__(self, **values: Any) -> None:
        self.values = values

    def lookup(self, root: str) -> Any:
        return self.values[root]


def evaluate(source: str, **values: Any) -> Any:
    return compile_expression(source).evaluate(Names(**values))


@pytest.mark.parametrize(
    "source",
    [
        "''.__class__",
        "input.__class__",
        "input['__class__'].__mro__",
        "input.keys",
        "text.upper",
        "[].append",
        "items.__len__",
        "(1).real",
    ],
)
def test_attributes_of_python_objects_are_out_of_reach(source: str) -> None:
    """YF-3: a path only leads through JSON data, never to an attribute."""
    with pytest.raises(ExpressionError):
        evaluate(source, input={"a": 1}, text="x", items=[])


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "eval('1')",
        "__import__('os')",
        "input.keys()",
        "''.format('x')",
        "lists.range(9)",
        "getattr(input, 'a')",
    ],
)
def test_only_listed_functions_can_be_called(source: str) -> None:
    """YF-3: there are no builtins; unknown functions are refused when the expression is compiled."""
    with pytest.raises(ExpressionError, match="there is no function"):
        compile_expression(source)


def test_the_source_is_bounded() -> None:
    """YF-3: a source has at most 4,096 characters."""
    assert evaluate("1" + " " * 4095) == 1
    with pytest.raises(ExpressionError, match=r"4096"):
        compile_expression("1" + " " * 4096)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 1000 + "1" + ")" * 1000,
        "[" * 1000 + "]" * 1000,
        "!" * 2000 + "true",
        "-" * 2000 + "a",
        "1" + "+1" * 2000,
        "a" + "[b]" * 1000,
        "a" + "[b" * 1000 + "]" * 1000,
        "a ? " * 400 + "1" + " : 2" * 400,
        "'a'" + ".trim()" * 500,
    ],
)
def test_nesting_is_bounded(source: str) -> None:
    """YF-3: a tree that is too deep is refused, not run into a limit of the interpreter."""
    with pytest.raises(ExpressionError, match="nested too deeply"):
        compile_expression(source)


def test_reasonable_nesting_and_length_are_accepted() -> None:
    """What people write is far from the bounds, those of CEL's own parser included."""
    assert evaluate("+".join(["a"] * 60), a=1) == 60
    assert evaluate("(" * 30 + "a" + ")" * 30 + " + 1", a=1) == 2
    assert evaluate(" && ".join(["a == 1"] * 200), a=1) is True
    assert evaluate(" || ".join(f"a{n}" for n in range(300)), a299="x") == "x"
    assert (
        evaluate("[" + ", ".join(f"a{n} + 1" for n in range(200)) + "].sum()", **{f"a{n}": n for n in range(200)})
        == 20100
    )


THOUSANDS = list(range(10_000))
LONG = "x" * 1_000_000


@pytest.mark.parametrize(
    "source",
    [
        "r.all(x, r.all(y, y >= 0))",
        "r.map(x, r.map(y, x * y)).size()",
        "r.map(x, r.filter(y, y == x))",
        "r.map(x, r + r)",
        "r.map(x, r == r)",
        "r.map(x, x in r)",
        "r.map(x, r.distinct())",
        "r.map(x, r.includes(-1))",
        "r.map(x, s + s)",
        "r.map(x, s.matches('(x+)+y'))",
        "r.map(x, s.replace('x', 'yy'))",
        "r.map(x, r)",
        "r.map(x, s)",
        "s.replace('x', s)",
        "s.replace('', 'xxxxxxxx')",
        "[s, s, s, s, s].join(s)",
        "'xxxxxxxx'" + ".replace('x', 'xxxxxxxx')" * 20,
        "s" + " + s" * 60,
    ],
)
def test_work_and_results_are_bounded(source: str) -> None:
    """YF-3: nested comprehensions over large data, and functions that blow data up, are stopped."""
    with pytest.raises(BudgetExceededError):
        evaluate(source, r=THOUSANDS, s=LONG)


@pytest.mark.parametrize("operator", ["||", "??"])
def test_a_default_does_not_hide_that_an_expression_was_stopped(operator: str) -> None:
    """Being stopped is no absence: nothing catches it."""
    with pytest.raises(BudgetExceededError):
        evaluate(f"(r.map(x, r.map(y, y))) {operator} 1", r=THOUSANDS)


def test_doubling_in_nested_lists_is_stopped() -> None:
    """YF-3: a list that holds the list before twice, and so on, is refused before it is written down."""
    nested = "[a, a, a, a, a, a, a, a]"
    for _ in range(8):
        nested = f"[{nested}].map(b, [b, b, b, b, b, b, b, b])"
    with pytest.raises(BudgetExceededError):
        evaluate(nested, a=[1, 2, 3, 4, 5, 6, 7, 8])


def test_large_data_are_no_problem_by_themselves() -> None:
    """Ten thousand elements can be gone through, and what is not touched costs nothing."""
    rows = [{"id": n, "body": LONG} for n in THOUSANDS]
    assert evaluate("rows.filter(r, r.id % 5000 == 1).map(r, r.id * 2)", rows=rows) == [2, 10002]
    assert evaluate("rows.size() > 5 && rows[3].body.size() == 1000000", rows=rows) is True
