"""The kinds of field that documents are made of: what each accepts, the problem that it raises, its JSON Schema.

A check raises ``PydanticCustomError`` whose type is the code of the problem (formats.md, "Validation codes"), and a
message that ends with how to fix it. Unions are avoided: pydantic would report one mistake once per member.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from reactory.definition.codes import INVALID_EXPRESSION, INVALID_FIELD, INVALID_STEP_TIMEOUT, INVALID_TIMEOUT
from reactory.definition.duration import MAX_DURATION, parse_duration
from reactory.definition.instant import MAX_INSTANT, parse_instant
from reactory.definition.wording import shown
from reactory.exceptions import InvalidRequestError

PRIORITIES = {"LOW": 1, "NORMAL": 2, "HIGH": 3, "CRITICAL": 4}


class Shape(BaseModel):
    """The base of all models of a document: camel case, nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel, defer_build=True)


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Stands in ``Annotated``: the value is what ``accept`` takes, and is described by ``schema``."""

    accept: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.accept)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self.schema)


def refusal(code: str, message: str, *, field: str | None = None) -> PydanticCustomError:
    """The error of a check, of the value itself or of a field in it.

    The message goes in as a value, so that a brace in it is no placeholder.
    """
    return PydanticCustomError(code, "{said}", {"said": message, "field": field})


def whole(low: int, high: int, *, said: str = "", code: str = INVALID_FIELD) -> Check:
    """A whole number within bounds."""
    advice = said or f"give a whole number from {low} to {high}"

    def accept(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise refusal(code, f"{shown(value)} is not valid here: {advice}")

    return Check(accept, {"type": "integer", "minimum": low, "maximum": high})


def text(pattern: re.Pattern[str], said: str, *, code: str = INVALID_FIELD) -> Check:
    """A text of this form."""

    def accept(value: Any) -> str:
        if isinstance(value, str) and pattern.match(value):
            return value
        raise refusal(code, f"{shown(value)} is not valid here: {said}")

    return Check(accept, {"type": "string", "pattern": "^" + pattern.pattern.removesuffix(r"\Z") + "$"})


# --- times --------------------------------------------------------------------------------------------------------

_TIMEOUT = "give a whole number of milliseconds, at least 1 (30000 is half a minute)"

WorkflowTimeout = Annotated[int, whole(1, MAX_DURATION, said=_TIMEOUT, code=INVALID_TIMEOUT)]
StepTimeout = Annotated[int, whole(1, MAX_DURATION, said=_TIMEOUT, code=INVALID_STEP_TIMEOUT)]
Delay = Annotated[int, whole(0, MAX_DURATION, said="give a whole number of milliseconds, 0 or more")]


def has_hole(value: Any) -> bool:
    """Whether a text has a ``${…}`` in it, so that its value is only known when the step runs."""
    return isinstance(value, str) and "${" in value


def _later_or(accept: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: value if has_hole(value) else accept(value)


def _parsed_by(parse: Callable[[str], int]) -> Callable[[Any], Any]:
    def accept(value: Any) -> Any:
        try:
            parse(value)
        except InvalidRequestError as error:
            raise refusal(INVALID_FIELD, error.message) from error
        return value

    return accept


_DURATION = whole(0, MAX_DURATION, said="give a whole number of milliseconds; durationText takes 5s, 1m, 2h, 3d")
_MILLISECONDS = {"type": ["integer", "string"], "description": "milliseconds, or a ${…} that gives them"}


_DIGITS = re.compile(r"[0-9]{1,20}\Z")


def _duration(value: Any) -> Any:
    """Milliseconds, also in quotes, as the original's designer saves them."""
    if isinstance(value, str) and _DIGITS.match(value) and int(value) <= MAX_DURATION:
        return value
    return _DURATION.accept(value)


def _millis_or_text(low: int) -> Callable[[Any], Any]:
    """A number of milliseconds or a duration text, at least ``low``."""
    advice = f"give a number of milliseconds or a text such as 5s, 1m, 2h, 3d, at least {low} ms"

    def accept(value: Any) -> Any:
        if isinstance(value, str):
            _parsed_by(parse_duration)(value)
        amount = parse_duration(value) if isinstance(value, str) else value
        if isinstance(amount, int) and not isinstance(amount, bool) and low <= amount <= MAX_DURATION:
            return value
        raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: {advice}")

    return accept


def _instant(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INSTANT:
        return value
    if isinstance(value, str):
        return _parsed_by(parse_instant)(value)
    said = "give a time like 2027-01-31T08:00:00Z, or milliseconds since 1970"
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: {said}")


_TIME_AMOUNT = {"type": ["integer", "string"], "description": "milliseconds, or a text such as 5s"}
_MOMENT = {"type": ["integer", "string"], "description": "an RFC 3339 time, or milliseconds since 1970"}

Milliseconds = Annotated[int, whole(1, MAX_DURATION, said=_TIMEOUT)]
TimeAmount = Annotated[Any, Check(_millis_or_text(1), _TIME_AMOUNT)]
IntervalTemplate = Annotated[Any, Check(_later_or(_millis_or_text(1)), _TIME_AMOUNT)]
MomentTemplate = Annotated[Any, Check(_later_or(_instant), _MOMENT)]
DurationTemplate = Annotated[Any, Check(_later_or(_duration), _MILLISECONDS)]
DurationTextTemplate = Annotated[str, Check(_later_or(_parsed_by(parse_duration)), {"type": "string"})]
InstantTemplate = Annotated[str, Check(_later_or(_parsed_by(parse_instant)), {"type": "string"})]


# --- names --------------------------------------------------------------------------------------------------------

_STEP_ID = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,127}\Z")
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,127}\Z")
_BRANCH = re.compile(r"[^/\[\].$\x00]{1,128}\Z")

StepId = Annotated[str, text(_STEP_ID, "an id begins with a letter or _, and goes on with letters, digits, - and _")]
VariableName = Annotated[str, text(_VARIABLE, "a name begins with a letter or _, then letters, digits and _")]
BranchName = Annotated[
    str, text(_BRANCH, "the name of a branch is a text of at most 128 characters without / [ ] . and $")
]


def _depends_on(value: Any) -> Any:
    ids = value if isinstance(value, list) else [value]
    if all(isinstance(item, str) for item in ids):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a step id or a list of step ids")


_ONE_OR_MANY = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
DependsOn = Annotated[Any, Check(_depends_on, _ONE_OR_MANY)]


def later_or(check: Check) -> Check:
    """What ``check`` takes, or a text with a ``${…}`` in it, which is only known when the step runs."""
    return Check(_later_or(check.accept), {"type": "string"})


# --- values -------------------------------------------------------------------------------------------------------


def _expression(value: Any) -> Any:
    if isinstance(value, bool | int | float) or (isinstance(value, str) and value.strip()):
        return value
    raise refusal(INVALID_EXPRESSION, f"{shown(value)} is no expression: write one such as input.total > 100")


def _items(value: Any) -> Any:
    return value if isinstance(value, list) else _expression(value)


def _priority(value: Any) -> Any:
    number = PRIORITIES.get(value.upper()) if isinstance(value, str) else value
    if number in PRIORITIES.values() and not isinstance(number, bool | float):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is no priority: give 1 to 4, or LOW, NORMAL, HIGH, CRITICAL")


def _multiplier(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 1000:
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a number from 1 to 1000")


def _object(value: Any) -> Any:
    if isinstance(value, dict) or has_hole(value):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give an object, or a ${{…}} that gives one")


def _options(value: Any) -> Any:
    if has_hole(value) or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a list of texts, such as [approve, reject]")


def _form(value: Any) -> Any:
    if not isinstance(value, dict):
        raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a JSON Schema, an object")
    from reactory.definition.form import form_complaint  # late: few documents have one

    if (said := form_complaint(value)) is not None:
        raise refusal(INVALID_FIELD, said)
    return value


def _percentage(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a percentage from 0 to 100")


_LATER_OBJECT: dict[str, Any] = {"type": ["object", "string"], "description": "an object, or a ${…} that gives one"}
_LATER_TEXTS: dict[str, Any] = {"type": ["array", "string"], "items": {"type": "string"}}

ObjectTemplate = Annotated[Any, Check(_object, _LATER_OBJECT)]
OptionsTemplate = Annotated[Any, Check(_options, _LATER_TEXTS)]
FormSchema = Annotated[dict[str, Any], Check(_form, {"type": "object", "description": "a JSON Schema"})]
Percentage = Annotated[float, Check(_percentage, {"type": "number", "minimum": 0, "maximum": 100})]
ExpressionText = Annotated[Any, Check(_expression, {"type": ["string", "number", "boolean"], "description": "CEL"})]
ItemsExpression = Annotated[Any, Check(_items, {"type": ["string", "array"], "description": "CEL, or a list"})]
Priority = Annotated[Any, Check(_priority, {"enum": [1, 2, 3, 4, *PRIORITIES]})]
Multiplier = Annotated[float, Check(_multiplier, {"type": "number", "minimum": 1, "maximum": 1000})]


# --- lists of steps -----------------------------------------------------------------------------------------------


def _steps(value: Any) -> Any:
    """Only that it is a list: ``validate`` checks the steps one by one, so that one cannot hide the next."""
    if isinstance(value, list):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a list of steps")


def _some_steps(value: Any) -> Any:
    if _steps(value):
        return value
    raise refusal(INVALID_FIELD, "the list is empty: give at least one step")


STEP_PLACE = {"title": "Step"}
"""Stands for a step in the JSON Schema of a model; ``schema`` puts the reference there."""

_STEP_LIST: dict[str, Any] = {"type": "array", "items": STEP_PLACE}
StepList = Annotated[list[Any], Check(_steps, _STEP_LIST)]
Steps = Annotated[list[Any], Check(_some_steps, {**_STEP_LIST, "minItems": 1})]
