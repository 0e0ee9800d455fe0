"""Python's operators as CEL: what is written gives what Python would have given."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactory.authoring import Expression, call, cel, choose, default, is_in
from reactory.definition.authoring.expression import text_of
from reactory.definition.authoring.literal import literal
from reactory.definition.expression import compile_expression
from reactory.definition.template import compile_template

MANY = settings(max_examples=150, deadline=None, derandomize=True, database=None)
VALUES: dict[str, Any] = {"a": 3, "b": 7, "c": -2, "t": True, "f": False, "l": [1, 2, 3]}


class Scope:
    def lookup(self, root: str) -> Any:
        return {"input": VALUES}[root]


SCOPE = Scope()
input_: Any = Expression("input")


def value(expression: Any) -> Any:
    return compile_expression(text_of(expression)).evaluate(SCOPE)


NUMBERS = st.sampled_from(["a", "b", "c"]).map(lambda name: (input_[name], VALUES[name]))
BOOLEANS = st.sampled_from(["t", "f"]).map(lambda name: (input_[name], VALUES[name]))


def combined(inner: Any, operators: list[Callable[[Any, Any], Any]]) -> Any:
    return st.tuples(st.sampled_from(operators), inner, inner).map(
        lambda drawn: (drawn[0](drawn[1][0], drawn[2][0]), drawn[0](drawn[1][1], drawn[2][1]))
    )


ARITHMETIC = st.recursive(
    NUMBERS | st.integers(-9, 9).map(lambda n: (n + input_.a * 0, n)),
    lambda inner: combined(inner, [operator.add, operator.sub, operator.mul]) | inner.map(lambda p: (-p[0], -p[1])),
    max_leaves=6,
)
LOGIC = st.recursive(
    BOOLEANS | combined(ARITHMETIC, [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]),
    lambda inner: combined(inner, [operator.and_, operator.or_]) | inner.map(lambda p: (~p[0], not p[1])),
    max_leaves=6,
)


@given(ARITHMETIC | LOGIC)
@MANY
def test_an_expression_means_what_python_would_have_computed(pair: tuple[Any, Any]) -> None:
    """YF-1: whatever is nested in whatever, parentheses are where CEL needs them."""
    expression, expected = pair
    assert value(expression) == expected


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda text: "${" not in text),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
@MANY
def test_any_value_may_stand_in_an_expression(constant: Any) -> None:
    """YF-1: constants are quoted so that they come out as they went in."""
    assert compile_expression(literal(constant)).evaluate(SCOPE) == constant


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (input_.a.b["c-d"][0]["from"], "input.a.b['c-d'][0].from"),
        (input_["in"] + input_["null"], "input['in'] + input['null']"),
        (input_["x-y"], "input['x-y']"),
        (input_.l[input_.a], "input.l[input.a]"),
        ((input_.a + 1) * 2 - 1, "(input.a + 1) * 2 - 1"),
        (1 - (input_.a - 2), "1 - (input.a - 2)"),
        (-(input_.a + 1), "-(input.a + 1)"),
        (input_.a - -1, "input.a - -1"),
        (~(input_.t & input_.f) | input_.t, "!(input.t && input.f) || input.t"),
        ((input_.a == 1) == input_.t, "(input.a == 1) == input.t"),
        (input_.s | "none", "input.s || 'none'"),
        ("none" == input_.s, "input.s == 'none'"),  # noqa: SIM300 - what is tested
        (input_.s.trim().replace("a", "b"), "input.s.trim().replace('a', 'b')"),
        ((input_.s + "x").size(), "(input.s + 'x').size()"),
        (input_.l.map(lambda n: n * 2).sum(), "input.l.map(n, n * 2).sum()"),
        (input_.l.filter(lambda n: n > input_.a), "input.l.filter(n, n > input.a)"),
        (call("math.round", input_.a / 2), "math.round(input.a / 2)"),
        (choose(input_.t, 1, choose(input_.f, 2, 3)), "input.t ? 1 : input.f ? 2 : 3"),
        (choose(input_.t, 1, 2) + 1, "(input.t ? 1 : 2) + 1"),
        (default(input_.a, input_.b | 1), "input.a ?? (input.b || 1)"),
        (is_in(input_.a, [1, input_.b]), "input.a in [1, input.b]"),
        (input_.o == {"k": [None, True, 1.5]}, "input.o == {'k': [null, true, 1.5]}"),
        (cel("a ? b : c") == 1, "(a ? b : c) == 1"),
    ],
)  # fmt: skip
def test_the_text_is_what_a_person_would_write(expression: Any, text: str) -> None:
    """YF-1: the exported document is as readable as one written by hand."""
    assert text_of(expression) == text
    compile_expression(text)


def test_a_formatted_text_is_a_template() -> None:
    """YF-1: an f-string keeps its place holders for the run; one alone keeps the type of its value."""
    assert compile_template(f"{input_.a} of {input_.l}").render(SCOPE) == "3 of [1,2,3]"
    assert compile_template(f"{input_.l}").render(SCOPE) == [1, 2, 3]


@pytest.mark.parametrize(
    ("misuse", "advice"),
    [
        (lambda: bool(input_.a), "flow.condition"),
        (lambda: input_.a > 1 and input_.b, "use &, | and ~"),
        (lambda: list(input_.l), "flow.for_each"),
        (lambda: len(input_.l), r"\.size\(\)"),
        (lambda: 1 in input_.l, "is_in"),
        (lambda: input_.l[0:2], "slice"),
        (lambda: f"{input_.a:>5}", "cannot be formatted"),
        (input_, "is no method"),
        (lambda: input_.s == f"x{input_.a}", r"put texts together with \+"),
        (lambda: input_.s == object(), "cannot stand in an expression"),
    ],
)
def test_what_python_would_decide_too_early_is_refused_with_the_remedy(misuse: Callable[[], Any], advice: str) -> None:
    """YF-1: nobody gets a workflow that silently says something else."""
    with pytest.raises(TypeError, match=advice):
        misuse()
