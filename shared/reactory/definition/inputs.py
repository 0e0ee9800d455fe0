"""The start data of an instance against the inputs that its workflow declares (YF-2, DF-2).

A value of another type is converted where nothing is lost ("5" for an integer); what is not declared is kept.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reactory.definition.codes import INVALID_INPUT_TYPE, INVALID_INPUT_VALUE, MISSING_INPUT
from reactory.definition.location import format_path
from reactory.definition.pattern import matches
from reactory.definition.problem import Problem
from reactory.definition.wording import shown

if TYPE_CHECKING:
    from reactory.definition.program import InputSpec

_INTEGER = re.compile(r"[-+]?[0-9]{1,19}\Z")
_NUMBER = re.compile(r"[-+]?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][-+]?[0-9]{1,3})?\Z")
_WANTED = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}


def accept_input(specs: Sequence[InputSpec], data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The data with defaults filled in and types converted, and every problem at once.

    A null for an input counts as not given. An optional input without default that is not given stays away.
    """
    accepted = dict(data)
    problems: list[Problem] = []
    for spec in specs:
        if data.get(spec.name) is None:
            if spec.has_default:
                accepted[spec.name] = copy.deepcopy(spec.default)
            elif spec.required:
                said = f"the input {spec.name!r} is required; give {_WANTED[spec.type]}"
                problems.append(_problem(MISSING_INPUT, spec, said))
                continue
            else:
                continue
        if accepted[spec.name] is None:
            continue
        accepted[spec.name], found = accept_value(spec, accepted[spec.name])
        problems.extend(found)
    return accepted, problems


def accept_value(spec: InputSpec, value: Any) -> tuple[Any, list[Problem]]:
    """One value, converted; or as it was, with the problems that it has."""
    try:
        converted = _CONVERTERS[spec.type](value)
    except ValueError:
        said = f"the input {spec.name!r} must be {_WANTED[spec.type]}, not {shown(value)}"
        return value, [_problem(INVALID_INPUT_TYPE, spec, said)]
    said_all = _violations(spec.validation, converted)
    return converted, [_problem(INVALID_INPUT_VALUE, spec, f"the input {spec.name!r} {said}") for said in said_all]


def _problem(code: str, spec: InputSpec, message: str) -> Problem:
    return Problem(code=code, path=format_path(("input", spec.name)), message=message)


# --- types --------------------------------------------------------------------------------------------------------


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    raise ValueError


def _integer(value: Any) -> int:
    if (isinstance(value, str) and _INTEGER.match(value)) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    raise ValueError


def _number(value: Any) -> int | float:
    if isinstance(value, str) and _INTEGER.match(value):
        return _integer(value)
    if isinstance(value, str) and _NUMBER.match(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError


def _boolean(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, bool):
        return value
    raise ValueError


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError


def _array(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "object": _object,
    "array": _array,
}


# --- validation -----------------------------------------------------------------------------------------------------


def _violations(rules: Mapping[str, Any], value: Any) -> Iterator[str]:
    """What the declared validation finds. A rule that is not for the type of the value has nothing to say."""
    if isinstance(value, str | list):
        yield from _length_violations(rules, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range_violations(rules, value)
    if isinstance(value, str) and (pattern := rules.get("pattern")) is not None and not matches(pattern, value):
        yield f"must match the pattern {pattern}"
    if (allowed := rules.get("enum")) is not None and not any(_same(value, option) for option in allowed):
        yield f"must be one of {', '.join(shown(option) for option in allowed)}, not {shown(value)}"


def _length_violations(rules: Mapping[str, Any], value: str | list[Any]) -> Iterator[str]:
    what = "characters" if isinstance(value, str) else "items"
    shortest, longest = rules.get("minLength"), rules.get("maxLength")
    if shortest is not None and len(value) < shortest:
        yield f"must have at least {shortest} {what}, and has {len(value)}"
    if longest is not None and len(value) > longest:
        yield f"must have at most {longest} {what}, and has {len(value)}"


def _range_violations(rules: Mapping[str, Any], value: float) -> Iterator[str]:
    least, most = rules.get("minimum"), rules.get("maximum")
    if least is not None and value < least:
        yield f"must be at least {least}, not {value}"
    if most is not None and value > most:
        yield f"must be at most {most}, not {value}"


def _same(value: Any, option: Any) -> bool:
    """Equal, and not only by Python's rule that true is 1."""
    return isinstance(value, bool) == isinstance(option, bool) and bool(value == option)
