"""What holds for all expressions."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import msgspec
from cel_expr_python import cel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reactory.definition.expression import compile_expression
from reactory.definition.template import compile_template
from reactory.exceptions import ExpressionError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcde"), inner, max_size=4),
    max_leaves=12,
)


class Names:
    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def lookup(self, root: str) -> Any:
        return self.values[root]


# --- against CEL as it is ----------------------------------------------------------------------------------------

_NUMBERS = st.sampled_from(["input.i", "input.nested.n", "items[0]", "input['i']", "1", "7", "items[input.zero]"])
_TEXTS = st.sampled_from(["input.t", "input.nested.t", "'x'", '"y\\n"', "string(input.i)"])
_TRUTHS = st.sampled_from(
    ["input.b", "true", "input.i > 1", "input.t == 'x'", "input.i in items", "has(input.nested.n)"]
)


def _number(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner).map(
        lambda p: f"({p[0]} {p[1]} {p[2]})"
    )
    return binary | inner.map(lambda one: f"-({one})") | _TEXTS.map(lambda text: f"size({text} + 'a')")


def _truth(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    relation = st.tuples(NUMBERS, st.sampled_from(["<", "<=", "==", "!=", ">"]), NUMBERS)
    logic = st.tuples(inner, st.sampled_from(["&&", "||"]), inner)
    choice = st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})")
    macro = st.tuples(st.sampled_from(["all", "exists", "exists_one"]), NUMBERS).map(
        lambda p: f"items.{p[0]}(v, v > {p[1]})"
    )
    joined = (relation | logic).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    return joined | choice | macro | inner.map(lambda one: f"!({one})")


NUMBERS = st.recursive(_NUMBERS, _number, max_leaves=6)
TRUTHS = st.recursive(_TRUTHS, _truth, max_leaves=6)
LISTS = st.tuples(NUMBERS, TRUTHS).map(lambda p: f"items.filter(v, v != {p[0]}).map(w, {p[1]} ? w : {p[0]})")
DATA = st.fixed_dictionaries(
    {
        "input": st.fixed_dictionaries(
            {
                "i": st.integers(-5, 5),
                "zero": st.just(0),
                "b": st.booleans(),
                "t": st.sampled_from(["x", "", "é"]),
                "nested": st.fixed_dictionaries({"n": st.integers(-(2**62), 2**62), "t": st.text("ab", max_size=3)}),
            }
        ),
        "items": st.lists(st.integers(-3, 9), min_size=1, max_size=4),
    }
)
ENVIRONMENT = cel.NewEnv(variables={"input": cel.Type.DYN, "items": cel.Type.DYN})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(source=NUMBERS | TRUTHS | LISTS, data=DATA)
def test_flattening_does_not_change_the_value(source: str, data: dict[str, Any]) -> None:
    """Walking references outside of CEL, and running logic and comprehensions piecewise, gives what CEL itself gives."""
    result = ENVIRONMENT.compile(source).eval(data=data)
    try:
        ours = compile_expression(source).evaluate(Names(data))
    except ExpressionError:
        assert result.type() == cel.Type.ERROR
        return
    if result.type() != cel.Type.ERROR:  # where CEL fails, JavaScript's meaning may still give a value
        assert ours == result.plain_value()
        assert type(ours) is type(result.plain_value())


# --- nothing but ExpressionError ---------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    [
        *[
            "input",
            "items",
            "a",
            ".",
            "0",
            "1.5",
            "'s'",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "?",
            ":",
            ",",
            "&&",
            "||",
            "??",
            "!",
            "-",
            "+",
            "*",
            "/",
            "%",
            "==",
            "===",
            "<",
            "in",
            "has",
            "map",
            "size",
            "split",
            "x",
            "null",
        ],
        *[
            "$",
            "${",
            "timestamp",
            "duration",
            "b'x'",
            "//",
            "join",
            "replace",
            "true",
            "1u",
            "0x",
            "e9",
            "'",
            '"',
            "\\",
        ],
        " ",
        "\n",
    ]
)


def _survives(source: str, data: dict[str, Any]) -> None:
    with suppress(ExpressionError):
        msgspec.json.encode(compile_expression(source).evaluate(Names(data)))


@settings(max_examples=300, deadline=None)
@given(source=st.text(max_size=60) | st.lists(_WORDS, max_size=14).map("".join), data=JSON)
def test_any_text_gives_a_value_or_an_expression_error(source: str, data: Any) -> None:
    """Whatever stands in a document, the worst that can happen is an ExpressionError."""
    _survives(source, {"input": data, "items": [data, data], "a": data})


_CALLS = st.sampled_from(
    [
        "a.split(b)",
        " a.join(b)",
        " a.replace(b, a)",
        " a.substring(b)",
        " a.slice(b)",
        " a.sort()",
        " a.distinct()",
        " a.flatten(b)",
        " a.indexOf(b)",
        " a.charAt(b)",
        " a.sum()",
        " a.reverse()",
        " sets.equivalent(a, b)",
        " base64.decode(a)",
        " a.includes(b)",
        " a + b",
        " a < b",
        " a[b]",
        " a ? b : a",
        " a.map(x, x == b)",
        " timestamp(a)",
        " duration(a)",
        " math.greatest(a, b)",
        " -a",
        " a in b",
        " int(a)",
        " string(a)",
        " bytes(a)",
        " a.matches(b)",
        " !a && b",
        " a || b",
        " {a: b}",
        " [a, b]",
        " a.lastIndexOf(b)",
    ]
)


@settings(max_examples=300, deadline=None)
@given(source=_CALLS, a=JSON | st.integers() | st.text(), b=JSON | st.floats() | st.text())
def test_any_data_give_a_value_or_an_expression_error(source: str, a: Any, b: Any) -> None:
    """Whatever the data are, an operation on them gives JSON or an ExpressionError."""
    _survives(source, {"a": a, "b": b})


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_texts_survive_as_literals(text: str) -> None:
    """A text that is written as a literal is that text, for us and for CEL."""
    escaped = "".join(f"\\U{ord(character):08x}" for character in text)
    assert compile_expression(f"'{escaped}'").evaluate(Names({})) == text
    assert compile_expression(f"a == '{escaped}'").evaluate(Names({"a": text})) is True


# --- templates ---------------------------------------------------------------------------------------------------


def _has_hole(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_hole, value.values()))
    return any(map(_has_hole, value)) if isinstance(value, list) else isinstance(value, str) and "${" in value


@settings(max_examples=100, deadline=None)
@given(value=JSON)
def test_a_template_without_holes_is_itself(value: Any) -> None:
    """A value without holes renders to itself, whatever it is."""
    if not _has_hole(value):
        template = compile_template(value)
        assert template.constant
        assert template.render(Names({})) is value


@settings(max_examples=100, deadline=None)
@given(value=JSON)
def test_a_single_hole_keeps_the_value(value: Any) -> None:
    """A string that is one hole renders to the very value."""
    assert compile_template("${input.v}").render(Names({"input": {"v": value}})) is value


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_can_be_escaped(text: str) -> None:
    """With $${ for every ${, any text renders to itself."""
    if not text.endswith("$"):
        assert compile_template(text.replace("${", "$${")).render(Names({})) == text


@settings(max_examples=200, deadline=None)
@given(text=st.lists(_WORDS | st.text(max_size=3), max_size=12).map("".join))
def test_any_template_gives_a_value_or_an_expression_error(text: str) -> None:
    """Whatever stands in a template, the worst that can happen is an ExpressionError."""
    with suppress(ExpressionError):
        msgspec.json.encode(
            compile_template({"x": [text]}).render(Names({"input": {"a": 1}, "items": [], "a": math.pi}))
        )
