"""``validation``: looks at values by rules. What is invalid is its output, not its failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reactory.definition.captured import CapturedScope
from reactory.definition.expression import compile_expression, truthy
from reactory.definition.pattern import PatternError, matches
from reactory.definition.wording import shown
from reactory.exceptions import ExpressionError, InvalidStepError
from reactory.steps.context import StepContext

Rule = Mapping[str, Any]


def validation(ctx: StepContext, **_inputs: Any) -> dict[str, Any]:
    """``{valid, errors: [{field, type, message}]}``."""
    config = ctx.config
    scope = CapturedScope(config["scope"])
    errors: list[dict[str, Any]] = []
    for rule in config["rules"]:
        if (said := _complaint(rule, scope)) is not None:
            message = rule["message"] if isinstance(rule["message"], str) else said
            errors.append({"field": rule["field"], "type": rule["type"], "message": message})
            if config["stopOnFirstError"]:
                break
    return {"valid": not errors, "errors": errors}


def _complaint(rule: Rule, scope: CapturedScope) -> str | None:
    """What is wrong with the field; None when nothing is. Only ``required`` and ``custom`` mind that it is missing."""
    found, value, field = rule["found"], rule["value"], rule["field"]
    match rule["type"]:
        case "required":
            return f"{field} is missing" if found is None or found == "" else None
        case "custom":
            return _custom(field, found, value, scope)
        case _ if found is None:
            return None
        case "type":
            return _type(field, found, value)
        case "pattern":
            return _pattern(field, found, value)
    return _range(field, found, value)


def _custom(field: Any, found: Any, source: str, scope: CapturedScope) -> str | None:
    try:
        holds = truthy(compile_expression(source).evaluate(scope.with_names({"value": found})))
    except ExpressionError as error:
        return f"{field} cannot be checked: {error.message}"
    return None if holds else f"{field} does not fulfil {source}"


def _type(field: Any, found: Any, wanted: Any) -> str | None:
    kinds = set(_kinds(found))
    if not isinstance(wanted, str):
        raise InvalidStepError(f"the rule of {field} asks for the type {shown(wanted)}: give the name of a type")
    return None if wanted in kinds else f"{field} is {shown(found)}, not of the type {wanted}"


def _kinds(value: Any) -> Iterator[str]:
    match value:
        case None:
            yield "null"
        case bool():
            yield "boolean"
        case str():
            yield "string"
        case dict():
            yield "object"
        case list():
            yield "array"
        case _:
            yield "number"
            if isinstance(value, int) or value.is_integer():
                yield "integer"


def _pattern(field: Any, found: Any, pattern: Any) -> str | None:
    if not isinstance(pattern, str):
        raise InvalidStepError(f"the rule of {field} has {shown(pattern)} as its pattern: give a regular expression")
    if not isinstance(found, str):
        return f"{field} is {shown(found)}, not a text"
    try:
        return None if matches(pattern, found) else f"{field} does not match {pattern}"
    except PatternError as error:
        raise InvalidStepError(f"the rule of {field}: {error}") from error


def _range(field: Any, found: Any, bounds: Any) -> str | None:
    low, high = _bounds(field, bounds)
    if not _is_number(found):
        return f"{field} is {shown(found)}, not a number"
    if low is not None and found < low:
        return f"{field} is {shown(found)}, less than {low}"
    return f"{field} is {shown(found)}, more than {high}" if high is not None and found > high else None


def _bounds(field: Any, bounds: Any) -> tuple[float | None, float | None]:
    if isinstance(bounds, dict):
        low, high = bounds.get("min"), bounds.get("max")
        if all(bound is None or _is_number(bound) for bound in (low, high)):
            return low, high
    raise InvalidStepError(f"the rule of {field} has no numbers as its range: give {{min: 1, max: 10}}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
