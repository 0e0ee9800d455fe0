"""The start data against the declared inputs (YF-2)."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.definition.inputs import accept_input
from reactory.definition.inputspecs import input_findings, input_spec


def accepted(declared: dict[str, Any], value: Any) -> Any:
    data, problems = accept_input([input_spec("x", declared)], {"x": value})
    assert problems == []
    return data["x"]


def refused(declared: dict[str, Any], value: Any) -> list[str]:
    data, problems = accept_input([input_spec("x", declared)], {"x": value})
    assert data == {"x": value}
    assert all(problem.path == "input.x" for problem in problems)
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("kind", "value", "converted"),
    [
        ("integer", 5, 5),
        ("integer", "5", 5),
        ("integer", "-07", -7),
        ("integer", 5.0, 5),
        ("number", 5, 5),
        ("number", "5", 5),
        ("number", "1.5", 1.5),
        ("number", "1e3", 1000.0),
        ("boolean", True, True),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("string", "a", "a"),
        ("string", 5, "5"),
        ("string", 1.5, "1.5"),
        ("string", True, "true"),
        ("object", {"a": 1}, {"a": 1}),
        ("array", [1], [1]),
    ],
)
def test_types_are_converted_without_loss(kind: str, value: Any, converted: Any) -> None:
    """YF-2, DF-2: what says the same in another type is taken as the declared one."""
    found = accepted({"type": kind}, value)
    assert found == converted
    assert type(found) is type(converted)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "abc"),
        ("integer", "5.5"),
        ("integer", 5.5),
        ("integer", True),
        ("integer", ""),
        ("integer", " 5"),
        ("integer", "5\n"),
        ("integer", "\u0665"),
        ("integer", 2**63),
        ("integer", 1e300),
        ("integer", "9" * 5000),
        ("number", "inf"),
        ("number", float("inf")),
        ("number", float("nan")),
        ("number", "1_000"),
        ("number", "1e999"),
        ("number", False),
        ("boolean", 1),
        ("boolean", "yes"),
        ("string", {"a": 1}),
        ("string", [1]),
        ("object", [1]),
        ("object", "{}"),
        ("array", {"a": 1}),
        ("array", "a,b"),
    ],
)
def test_other_values_are_refused(kind: str, value: Any) -> None:
    """YF-2: a value of another type is a problem, and nothing is guessed."""
    data, problems = accept_input([input_spec("x", {"type": kind})], {"x": value})
    assert [problem.code for problem in problems] == ["INVALID_INPUT_TYPE"]
    assert data["x"] is value


def test_defaults_and_required() -> None:
    """YF-2: what is not given has its default; what is required must be given; null counts as not given."""
    specs = [
        input_spec("a", {"type": "integer", "default": 3}),
        input_spec("b", {"type": "integer", "required": True}),
        input_spec("c", {"type": "string"}),
        input_spec("d", {"type": "string", "required": True, "default": "x"}),
        input_spec("e", {"type": "string", "default": None}),
    ]
    data, problems = accept_input(specs, {"b": None})
    assert data == {"a": 3, "b": None, "d": "x", "e": None}
    assert [(p.code, p.path) for p in problems] == [("MISSING_INPUT", "input.b")]
    assert accept_input(specs, {"b": 1, "a": None, "d": "y"})[0] == {"a": 3, "b": 1, "d": "y", "e": None}


def test_defaults_are_not_shared() -> None:
    """YF-2: an instance that changes its default changes that of no other."""
    spec = input_spec("a", {"type": "array", "default": [1]})
    first, _ = accept_input([spec], {})
    first["a"].append(2)
    assert accept_input([spec], {})[0] == {"a": [1]}


def test_undeclared_inputs_are_kept() -> None:
    """YF-2: what is not declared is passed on as it is."""
    data, problems = accept_input([input_spec("a", {"type": "integer"})], {"a": "1", "other": {"x": "1"}})
    assert (data, problems) == ({"a": 1, "other": {"x": "1"}}, [])


def test_the_given_data_are_not_changed() -> None:
    """YF-2: the caller keeps what it gave."""
    given = {"a": "1"}
    accept_input([input_spec("a", {"type": "integer"}), input_spec("b", {"type": "integer", "default": 2})], given)
    assert given == {"a": "1"}


@pytest.mark.parametrize(
    ("kind", "rules", "good", "bad"),
    [
        ("string", {"pattern": "b+"}, "abc", "ac"),
        ("string", {"pattern": "^.$"}, "é", "éé"),
        ("string", {"pattern": "^[A-Z]{2}$"}, "AB", "ABC"),
        ("string", {"minLength": 2}, "ab", "a"),
        ("string", {"maxLength": 2}, "ab", "abc"),
        ("array", {"minLength": 1}, [1], []),
        ("integer", {"minimum": 1}, 1, 0),
        ("number", {"maximum": 1.5}, 1.5, 1.6),
        ("integer", {"enum": [1, 2]}, "2", 3),
        ("boolean", {"enum": [True]}, "true", False),
        ("string", {"enum": ["a", "b"]}, "a", "c"),
        ("array", {"enum": [[1], [2]]}, [1], [3]),
    ],
)
def test_validation_rules(kind: str, rules: dict[str, Any], good: Any, bad: Any) -> None:
    """YF-2: pattern, lengths, bounds and enum are enforced on the converted value."""
    declared = {"type": kind, "validation": rules}
    accepted(declared, good)
    assert refused(declared, bad) == ["INVALID_INPUT_VALUE"]


def test_true_is_not_one() -> None:
    """YF-2: an enum of numbers does not let booleans in, nor the other way round."""
    assert refused({"type": "boolean", "validation": {"enum": [1]}}, True) == ["INVALID_INPUT_VALUE"]


def test_a_pattern_cannot_take_exponential_time() -> None:
    """YF-3: a pattern that backtracks without end elsewhere is answered here."""
    declared = {"type": "string", "validation": {"pattern": "^(a+)+$"}}
    assert refused(declared, "a" * 5000 + "!") == ["INVALID_INPUT_VALUE"]


def test_all_problems_of_an_input_are_reported_at_once() -> None:
    """YF-2: whoever starts a workflow sees everything that is wrong, with its path."""
    specs = [
        input_spec("a", {"type": "integer", "required": True}),
        input_spec("b.c", {"type": "string", "validation": {"minLength": 3, "pattern": "x"}}),
        input_spec("d", {"type": "boolean"}),
    ]
    _, problems = accept_input(specs, {"b.c": "ab", "d": "maybe"})
    assert [(p.code, p.path) for p in problems] == [
        ("MISSING_INPUT", "input.a"),
        ("INVALID_INPUT_VALUE", 'input["b.c"]'),
        ("INVALID_INPUT_VALUE", 'input["b.c"]'),
        ("INVALID_INPUT_TYPE", "input.d"),
    ]
    assert "required" in problems[0].message
    assert "at least 3 characters" in problems[1].message
    assert "'maybe'" in problems[3].message


@pytest.mark.parametrize(
    ("declared", "path"),
    [
        ({"type": "integer", "default": "abc"}, ("inputs", "x", "default")),
        ({"type": "integer", "default": 5, "validation": {"maximum": 4}}, ("inputs", "x", "default")),
        ({"type": "string", "validation": {"pattern": "(?=a)"}}, ("inputs", "x", "validation", "pattern")),
        ({"type": "string", "validation": {"pattern": "a" * 2000}}, ("inputs", "x", "validation", "pattern")),
        (
            {"type": "string", "validation": {"minLength": 3, "maxLength": 2}},
            ("inputs", "x", "validation", "minLength"),
        ),
        ({"type": "number", "validation": {"minimum": 3, "maximum": 2}}, ("inputs", "x", "validation", "minimum")),
    ],
)
def test_declarations_that_contradict_themselves(declared: dict[str, Any], path: tuple[str, ...]) -> None:
    """YF-1, YF-2: a default that the input would refuse, or bounds that nothing fits, are problems of the document."""
    (finding,) = input_findings({"x": declared})
    assert (finding.code, finding.path) == ("INVALID_FIELD", path)


def test_good_declarations_have_no_problem() -> None:
    """YF-1: a default is converted as a given value is."""
    declared = {"type": "integer", "default": "5", "validation": {"minimum": 1, "maximum": 5}}
    assert list(input_findings({"x": declared, "y": {"type": "string", "default": None}})) == []
    assert accept_input([input_spec("x", declared)], {})[0] == {"x": 5}
