"""Declared inputs, compiled; and the problems of their declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reactory.definition.codes import INVALID_FIELD
from reactory.definition.finding import Finding
from reactory.definition.inputs import accept_value
from reactory.definition.location import Path
from reactory.definition.pattern import PatternError, matches
from reactory.definition.program import InputSpec
from reactory.definition.steptree import mapping_or_empty, text_or_none

TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array"})


def input_spec(name: str, declared: Mapping[str, Any]) -> InputSpec:
    """``default: null`` is a default: the input is null then."""
    return InputSpec(
        name=name,
        type=declared["type"],
        required=bool(declared.get("required")),
        has_default="default" in declared,
        default=declared.get("default"),
        validation={key: value for key, value in (declared.get("validation") or {}).items() if value is not None},
        description=declared.get("description") or "",
    )


def input_findings(inputs: Any) -> Iterator[Finding]:
    """Bounds that exclude each other, patterns that are none, defaults that the input itself would refuse."""
    for name, declared in mapping_or_empty(inputs).items():
        if not isinstance(declared, dict):
            continue
        here: Path = ("inputs", name)
        rules = mapping_or_empty(declared.get("validation"))
        wrong = [*_pattern_findings(rules, here), *_bound_findings(rules, here)]
        yield from wrong
        if not wrong and text_or_none(declared.get("type")) in TYPES and declared.get("default") is not None:
            yield from _default_findings(name, declared, here)


def _pattern_findings(rules: Mapping[str, Any], here: Path) -> Iterator[Finding]:
    pattern = rules.get("pattern")
    if not isinstance(pattern, str):
        return
    try:
        matches(pattern, "")
    except PatternError as error:
        yield Finding(INVALID_FIELD, (*here, "validation", "pattern"), str(error))


def _bound_findings(rules: Mapping[str, Any], here: Path) -> Iterator[Finding]:
    for low, high in (("minLength", "maxLength"), ("minimum", "maximum")):
        least, most = rules.get(low), rules.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            said = f"{low} {least} is over {high} {most}: no value fits; correct one of them"
            yield Finding(INVALID_FIELD, (*here, "validation", low), said)


def _default_findings(name: str, declared: Mapping[str, Any], here: Path) -> Iterator[Finding]:
    try:
        spec = input_spec(name, {**declared, "validation": mapping_or_empty(declared.get("validation"))})
        _, problems = accept_value(spec, declared["default"])
    except TypeError:
        return  # the validation has wrong types, told by its shape
    for problem in problems:
        yield Finding(INVALID_FIELD, (*here, "default"), f"the default does not fit: {problem.message}")
