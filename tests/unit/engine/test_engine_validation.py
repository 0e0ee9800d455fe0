"""The step type ``validation``."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.exceptions import InvalidDefinitionError

Rule = dict[str, Any]


def run(engine: Any, rules: list[Rule], data: dict[str, Any] | None = None, **config: Any) -> Any:
    check = engine.node("check", "validation", rules=rules, **config)
    return engine.outputs(engine.run(check, data=data, outputs={"found": "steps.check.outputs"}))["found"]


def test_what_fulfils_every_rule_is_valid(engine: Any) -> None:
    """YF-4: a field is a path or an expression; every type of rule passes on what it asks for."""
    rules: list[Rule] = [
        {"field": "input.email", "type": "required"},
        {"field": "input.email", "type": "type", "value": "string"},
        {"field": "input.email", "type": "pattern", "value": "^[^@]+@[^@]+$"},
        {"field": "input.lines.length", "type": "range", "value": {"min": 1, "max": "${input.most}"}},
        {"field": "input.total", "type": "custom", "value": "value > 3 && value < input.most * 10"},
        {"field": "${input.on}", "type": "required"},
    ]
    data = {"email": "ada@example.com", "lines": [1, 2], "total": 9, "most": 2, "on": False}
    assert run(engine, rules, data) == {"valid": True, "errors": []}


def test_what_is_wrong_is_the_output_and_no_failure(engine: Any) -> None:
    """YF-4: each broken rule gives its field, its type and a message of its own or a default; the step completes."""
    rules: list[Rule] = [
        {"field": "input.name", "type": "required"},
        {"field": "input.age", "type": "type", "value": "integer"},
        {"field": "input.age", "type": "range", "value": {"max": 10}},
        {"field": "input.code", "type": "pattern", "value": "^A", "message": "begin with A, not ${input.code}"},
        {"field": "input.code", "type": "custom", "value": "value.size() == 9"},
    ]
    found = run(engine, rules, {"age": 10.5, "code": "B1"})
    assert not found["valid"]
    assert [(error["field"], error["type"]) for error in found["errors"]] == [
        ("input.name", "required"),
        ("input.age", "type"),
        ("input.age", "range"),
        ("input.code", "pattern"),
        ("input.code", "custom"),
    ]
    assert found["errors"][0]["message"] == "input.name is missing"
    assert found["errors"][2]["message"] == "input.age is 10.5, more than 10"
    assert found["errors"][3]["message"] == "begin with A, not B1"


def test_the_first_error_may_be_the_only_one(engine: Any) -> None:
    """YF-4: stopOnFirstError."""
    rules = [{"field": "input.a", "type": "required"}, {"field": "input.b", "type": "required"}]
    assert len(run(engine, rules, stopOnFirstError=True)["errors"]) == 1


def test_a_missing_field_only_matters_where_it_is_asked_for(engine: Any) -> None:
    """YF-4: type, pattern and range leave alone what is not there; a custom rule sees null, and its failing is an error."""
    rules: list[Rule] = [
        {"field": "input.a.b", "type": "type", "value": "string"},
        {"field": "input.a.b", "type": "pattern", "value": "x"},
        {"field": "input.a.b", "type": "range", "value": {"min": 1}},
        {"field": "input.a.b", "type": "custom", "value": "value == null"},
        {"field": "input.a.b", "type": "custom", "value": "value.size() > 1"},
    ]
    (error,) = run(engine, rules)["errors"]
    assert error["message"].startswith("input.a.b cannot be checked: ")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"field": "input.a", "type": "pattern", "value": "(?=x)"}, "is no pattern"),
        ({"field": "input.a", "type": "pattern"}, "`value` is missing"),
        ({"field": "input.a", "type": "range", "value": {"least": 1}}, "is no range"),
        ({"field": "input.a", "type": "type", "value": "text"}, "is no type"),
        ({"field": "input.a", "type": "custom", "value": "value >"}, "INVALID_EXPRESSION"),
        ({"field": "input..a", "type": "required"}, "INVALID_EXPRESSION"),
        ({"field": "input.a", "type": "custom", "value": "valeu > 1"}, "'valeu' is not known"),
    ],
)
def test_a_wrong_rule_is_refused_when_it_is_registered(engine: Any, rule: dict[str, Any], said: str) -> None:
    """YF-1: regular expressions, bounds and expressions are looked at before anything runs."""
    with pytest.raises(InvalidDefinitionError) as raised:
        engine.begin(engine.node("check", "validation", rules=[rule]))
    assert any(said in f"{problem.code} {problem.message}" for problem in raised.value.problems)


def test_what_only_shows_when_it_runs_fails_for_good(engine: Any) -> None:
    """EH-1: a pattern that a hole gave and that is none is not tried again."""
    rule = {"field": "input.a", "type": "pattern", "value": "${input.pattern}"}
    instance = engine.run(engine.node("check", "validation", rules=[rule]), data={"a": "x", "pattern": "("})
    assert "the rule of input.a: '(' is no pattern" in engine.reason(instance)["message"]
    assert engine.trail(instance, "check") == ["FAILED"]
