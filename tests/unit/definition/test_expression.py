"""References, evaluation and results of expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reactory.definition.expression import UnresolvedReferenceError, compile_expression, lookup_path, truthy
from reactory.exceptions import ExpressionError


class Names:
    """A scope over a dict that remembers what was asked."""

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.asked: list[str] = []

    def lookup(self, root: str) -> Any:
        self.asked.append(root)
        return self.values[root]


class Lazy(Mapping[str, Any]):
    """A mapping that is no dict, and that remembers what was read."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values_behind = values
        self.read: list[str] = []

    def __getitem__(self, key: str) -> Any:
        value = self.values_behind[key]
        self.read.append(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_behind)

    def __len__(self) -> int:
        return len(self.values_behind)


class NeedsMore(BaseException):
    """An internal signal, as the kernel raises it when a payload is out of line."""


class Signalling(Lazy):
    def __getitem__(self, key: str) -> Any:
        raise NeedsMore(key)


def evaluate(source: str, **values: Any) -> Any:
    return compile_expression(source).evaluate(Names(**values))


ITEMS = [{"price": 5, "name": "a"}, {"price": 20, "name": "b"}]
STEPS = {"pay": {"outputs": {"id": 7, "amount": 100}, "success": True}}


@pytest.mark.parametrize(
    ("source", "references"),
    [
        ("steps.pay.outputs.id", [("steps", "pay", "outputs", "id")]),
        ("item", [("item",)]),
        ('input["first name"] == input.a[0].b', [("input", "first name"), ("input", "a", "0", "b")]),
        ("items[index].name", [("items",), ("index",)]),
        ("input.name.startsWith(prefix)", [("input", "name"), ("prefix",)]),
        ("input.items.filter(i, i.price > limit).map(j, j.name)", [("input", "items"), ("limit",)]),
        ("has(input.a.b) && size(input.a.b) > 1", [("input", "a", "b")]),
        ("math.greatest(a, b) + double(c)", [("a",), ("b",), ("c",)]),
        ("type(a) == int ? true : null", [("a",)]),
        ("input.x + input.x", [("input", "x")]),
        ("1 + 2", []),
    ],
)
def test_references_are_the_static_chains(source: str, references: list[tuple[str, ...]]) -> None:
    """The references are the longest static chains, without functions, methods, types and comprehension variables."""
    expression = compile_expression(source)
    assert list(expression.references) == references
    assert expression.roots == {chain[0] for chain in references}


def test_required_references_are_those_without_a_default() -> None:
    """A reference under ||, ??, has() or a comparison with null may be absent, every other one is required."""
    expression = compile_expression("has(a.b) && c.d > 1 && (e || f ?? 2) == g && h != null")
    assert expression.required == (("c", "d"), ("g",))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("input.a + 1", 2),
        ("input.a > 0 && input.name == 'Bob'", True),
        ("input.items.map(i, i.price * 2)", [10, 40]),
        ("input.items.filter(i, i.price > 10)", [ITEMS[1]]),
        ("input.items.exists(i, i.name == 'b')", True),
        ("input.items.all(i, i.price > 5)", False),
        ("input.items.exists_one(i, i.price > 5)", True),
        ("input.items.map(i, i.price > 10, i.name)", ["b"]),
        ("input.items.map(i, input.items.map(j, i.price + j.price))", [[10, 25], [25, 40]]),
        ("input.items.map(i, i.price).sum()", 25),
        ("{'a': 1}.map(k, k)", ["a"]),
        ("input.items[input.a].name", "b"),
        ("input.items.size() + size(input.name)", 5),
        ("input.name in ['Bob', 'Eve'] ? 'known' : 'unknown'", "known"),
        ("'name' in input", True),
        ("{'all': input.items, 'n': input.a}", {"all": ITEMS, "n": 1}),
        ("[input.a, input.half, null]", [1, 0.5, None]),
        ("input.name.matches('^B.b$')", True),
        ("'a,b'.split(',').join('-').replace('a', 'x')", "x-b"),
        ("'Straße'.toUpperCase() + 'é'.upperAscii()", "STRASSEé"),
        ("[3, 1, 2, 1].distinct().sort().reverse()", [3, 2, 1]),
        ("[[1], [2, [3]]].flatten()", [1, 2, [3]]),
        ("[1, 2, 3].slice(1, 2) + [9]", [2, 9]),
        ("sets.contains([1, 2], [2.0]) && !sets.intersects([1], [true])", True),
        ("base64.encode('hi') + string(base64.decode('aGk='))", "aGk=hi"),
        ("math.greatest(input.a, 3) - math.abs(-1)", 2),
        ("type(input.a) == int && type(input.half) == double", True),
        ("type(input.name)", "string"),
        ("-input.a - -1", 0),
        ("r'\\d' + '\\u00e9\\x41\\101'", "\\déAA"),
        ("// a comment\n1 // another", 1),
        ("{true: 1, 2: 3}", {"true": 1, "2": 3}),
        ("0x1F + 1", 32),
        ("5u + 2u", 7),
    ],
)
def test_the_values_of_expressions(source: str, value: Any) -> None:
    """YF-3: expressions are CEL and give plain JSON values."""
    result = evaluate(source, input={"a": 1, "half": 0.5, "name": "Bob", "items": ITEMS})
    assert result == value
    assert type(result) is type(value)


def test_results_that_json_does_not_have_become_json() -> None:
    """Times become RFC 3339 texts, durations milliseconds, bytes base64, wherever they stand in the result."""
    source = "[timestamp('2026-01-31T12:00:00.500+01:00'), duration('1.5s'), b'\\xff', {'at': timestamp(0)}]"
    assert evaluate(source) == ["2026-01-31T11:00:00.5Z", 1500, "/w==", {"at": "1970-01-01T00:00:00Z"}]


def test_times_stay_times_inside_an_expression() -> None:
    """A time that one part of an expression computes is still a time for the other parts."""
    source = "(input.late ? timestamp(input.t) : timestamp(0)) + duration('24h') > timestamp('2026-01-01T00:00:00Z')"
    assert evaluate(source, input={"late": True, "t": "2026-01-01T00:00:00Z"}) is True
    assert evaluate("[timestamp(0)].map(t, t.getFullYear())") == [1970]
    assert evaluate("[duration('90s')].map(d, d.getMinutes())") == [1]
    assert evaluate("1 + 1.5 > 2 && timestamp(0) < timestamp(1)") is True
    assert evaluate("[timestamp(0)].map(t, t < timestamp(1) && 1 < 1.5)") == [True]


def test_a_reference_keeps_identity_and_type() -> None:
    """A bare reference gives the value itself, not a copy."""
    big = {"list": [1, 2.0, None]}
    assert evaluate("input.big", input={"big": big}) is big
    assert evaluate("input.zz || input.big", input={"big": big}) is big
    assert evaluate("input.n", input={"n": 2**70}) == 2**70


def test_only_what_is_asked_for_is_looked_up() -> None:
    """Roots are walked in Python, so that other entries of a lazy mapping are never read."""
    lazy = Lazy({"a": 1, "b": {"c": 2}})
    assert evaluate("input.b.c + 1", input=lazy) == 3
    assert evaluate("'c' in input.b && size(input) == 2", input=lazy) is True
    assert lazy.read == ["b", "b"]


def test_lazy_mappings_become_plain_data() -> None:
    """Mappings that are no dicts are read as a whole when CEL or the result needs them."""
    lazy = Lazy({"a": Lazy({"b": (1, 2)})})
    result = evaluate("input", input=lazy)
    assert result == {"a": {"b": [1, 2]}}
    assert type(result) is type(result["a"]) is dict
    assert evaluate("input == other", input=lazy, other={"a": {"b": [1, 2]}}) is True
    assert evaluate("[input].map(i, i.a)", input=lazy) == [{"b": [1, 2]}]
    assert evaluate("input.map(k, k)", input=lazy) == ["a"]


@pytest.mark.parametrize(
    "source", ["input.a", "input.a + 1", "input.a || 1", "has(input.a)", "[1].map(i, input.a == i)"]
)
def test_internal_signals_pass_untouched(source: str) -> None:
    """A signal of the engine that a lookup raises is not taken for an absent value or an error of the expression."""
    with pytest.raises(NeedsMore):
        evaluate(source, input=Signalling({}))


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("steps.pay.outputs.idd", ["steps.pay.outputs.idd", "'steps.pay.outputs' has no 'idd'", "it has: id, amount"]),
        ("1 + steps.pay.outputs.idd", ["steps.pay.outputs.idd", "in '1 + steps.pay.outputs.idd'"]),
        ("steps.none.outputs.id", ["'steps' has no 'none'; it has: pay"]),
        ("nothing.a", ["there is no 'nothing' here"]),
        ("items[2].name", ["items[2].name", "a list of 2"]),
        ("items[n].name", ["[7]", "a list of 2"]),
        ("items.name", ["'items' is a list of 2 and has no 'name'"]),
        ("n.x", ["'n' is a number and has no 'x'"]),
        ("nil.x", ["'nil' is null"]),
        ("items.map(i, i.prise)", ["i.prise", "it has: price, name"]),
    ],
)
def test_an_unresolved_reference_says_what_is_missing(source: str, parts: list[str]) -> None:
    """An unresolved reference is an error that names it, the missing segment and what is there instead."""
    with pytest.raises(UnresolvedReferenceError) as caught:
        evaluate(source, steps=STEPS, items=ITEMS, n=7, nil=None)
    for part in parts:
        assert part in caught.value.message


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("has(steps.pay.outputs.id)", True),
        ("has(steps.pay.outputs.idd)", False),
        ("has(steps.none.outputs.id)", False),
        ("has(nothing.at.all)", False),
        ("has(nil.x)", False),
        ("has(steps.nil)", True),
        ("[1].map(i, has(i.x))", [False]),
        ("has(items[n].name)", False),
        ("has(items[1].name) && !has(items[2])", True),
    ],
)
def test_has_tells_presence(source: str, value: Any) -> None:
    """has() is true or false by presence along the whole path; null is present."""
    assert evaluate(source, steps={**STEPS, "nil": None}, items=ITEMS, n=7, nil=None) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("a * b", 7.5),
        ("a + 1.5", 4.5),
        ("a + 1 == 4.0", True),
        ("1 + 1.5", 2.5),
        ("1 < 1.5 && a > 2.5", True),
        ("2 * 0.5 + a", 4.0),
        ("items[0].price * b", 12.5),
        ("a / 2", 1),
        ("a / 2.0", 1.5),
        ("items.map(i, i.price * b)", [12.5, 50.0]),
        ("a == 3.0 ? 'same' : 'other'", "same"),
        ("a / 2 == 1 && b * a == 7.5", True),
        ("math.ceil(a / 2.0)", 2.0),
    ],
)
def test_integers_and_doubles_mix(source: str, value: Any) -> None:
    """Where CEL has no operator for an integer and a double, both are doubles; what mixing gave stays a double."""
    result = evaluate(source, a=3, b=2.5, items=ITEMS)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("big + 1", "does not fit into 64 bits"),
        ("9223372036854775807 + one", "overflow"),
        ("one / 0", "divide by zero"),
        ("1.0 / 0", "no number of JSON"),
        ("nul == 'a'", "NUL"),
        ("surrogate == 'a'", "no valid Unicode"),
        ("odd == 1", "not JSON"),
        ("'a' + one", "convert with string(…)"),
        ("text > one", "convert with int(…)"),
        ("text.size(1)", "takes 0 arguments"),
        ("one.size()", "size() needs a text, list or object"),
        ("text.matches('(')", "regular expression"),
        ("one.map(i, i)", "only a list or an object"),
        ("{'a': 1, 'a': 2}", "twice"),
        ("[1, 'a'].sort()", "list of numbers or a list of texts"),
        ("text.substring(9)", "outside of 0 to 4"),
        ("int(text)", "cannot convert"),
        ("timestamp(text)", "onversion failed"),
        ("[text].contains(text)", "contains() does not work on (list, string): use 'x in list'"),
        ("text.getHours()", "getHours() does not work on (string)"),
        ("one in text", "in needs a list or an object"),
    ],
)
def test_errors_of_evaluation_are_clear(source: str, part: str) -> None:
    """What goes wrong in an evaluation is an ExpressionError that says what, and names the expression."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, big=2**63, one=1, nul="a\0", surrogate="\ud800", odd=object(), text="abcd")
    assert part in caught.value.message
    assert source in caught.value.message


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("a = 1", "use =="),
        ("a and b", "use &&"),
        ("a or b", "use ||"),
        ("not a", "use !"),
        ("a.upperascii()", "did you mean upperAscii"),
        ("sise(a)", "did you mean size"),
        ("now()", "there is no now()"),
        ("a.map(x => x)", "items.map(item, …)"),
        ("`a`", "single or double quotes"),
        ("", "empty"),
        ("1 +", "found the end"),
        ("(1", "')'"),
        ("'a", "not closed"),
        ("a ? b", "':'"),
        ("[1, 2", "']'"),
        ("a b", "found 'b' at column 3"),
        ("'\\q'", "is no escape"),
        ("'\\ud800'", "no character"),
        ("99999999999999999999", "out of range"),
        ("1e999", "out of range"),
        ("}", "unexpected '}'"),
        ("'a' + 1", "'+' does not work on (string, int)"),
        ("1 in 2", "'in' does not work on"),
        ("has(1)", "has(input.name)"),
        ("a.b c", "expected an operator"),
        ("${a} b", "expected an operator"),
        ("a == ${b", "one ${…}"),
        ("order-${a}", "one ${…}"),
    ],
)
def test_errors_of_compilation_say_how_to_fix_it(source: str, part: str) -> None:
    """YF-1: an expression that cannot be compiled is an ExpressionError with the place, the source and a hint."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source)
    assert part in caught.value.message


def test_an_expression_may_stand_in_a_hole() -> None:
    """A bare field also takes its expression inside one ${…}."""
    assert evaluate(" ${ {'a': '}'}.a + input } ", input="!") == "}!"


def test_only_text_is_compiled() -> None:
    """A YAML number where an expression should stand is refused by name."""
    with pytest.raises(ExpressionError, match="a text, not int"):
        compile_expression(5)  # type: ignore[arg-type]  # what an unchecked document may hold


def test_compiled_expressions_are_cached() -> None:
    """The same source is compiled once."""
    assert compile_expression("input.a + 41") is compile_expression("input.a + 41")


def test_expressions_are_safe_under_threads() -> None:
    """One compiled expression may be evaluated from many threads, also where it compiles variants as it goes."""
    expression = compile_expression("[a, 2].map(i, i * 1.5).sum() + (b || a) * 1.0")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: expression.evaluate(Names(a=number)), range(200)))
    assert results == [number * 1.5 + 3.0 + number for number in range(200)]


def test_a_comprehension_leaves_no_variable_behind() -> None:
    """After an element has failed, an outer variable of the same name is what it was."""
    source = "[1, 2].map(i, [[0].exists(i, i.x > 1) || true, i])"
    assert evaluate(source) == [[True, 1], [True, 2]]


def test_lookup_path_walks_plain_data() -> None:
    """The walker behind references is there for others: absent gives the default."""
    assert lookup_path({"a": [{"b": 1}]}, ("a", "0", "b")) == 1
    assert lookup_path({"a": []}, ("a", "0", "b"), None) is None


def test_truth_is_that_of_javascript() -> None:
    """null, false, 0, NaN and the empty text are false; empty lists and objects are true."""
    assert not any(map(truthy, (None, False, 0, 0.0, float("nan"), "")))
    assert all(map(truthy, (True, 1, -0.5, "0", [], {})))
