"""Python values as a document holds them: expressions become ``${…}``, everything else plain JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from reactory.definition.authoring.expression import Expression, text_of
from reactory.definition.authoring.literal import literal
from reactory.definition.duration import parse_duration


def document_value(value: Any) -> Any:
    """Where the document takes any value. A text stays as it is, so a template may be written by hand or as an f-string.

    Raises TypeError for what has no JSON form.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case Expression():
            return str(value)
        case str():
            return str(value)
        case Mapping():
            return {str(key): document_value(item) for key, item in value.items()}
        case list() | tuple():
            return [document_value(item) for item in value]
    return msgspec.to_builtins(value, str_keys=True, enc_hook=_encode)


def _encode(value: Any) -> Any:
    if isinstance(value, Expression):
        return str(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{value!r} has no JSON form: pass texts, numbers, booleans, None, lists, mappings and expressions")


def expression_value(value: Any) -> Any:
    """Where the document takes an expression, and a text is meant as one: ``outputs``, ``key``, the value of a switch."""
    if isinstance(value, Expression):
        return text_of(value)
    if isinstance(value, bool | int | float):
        return value
    return literal(value)


def condition_value(value: Any) -> Any:
    """Where the document takes an expression, and a text makes no sense as a value: it is CEL."""
    return value if isinstance(value, str) else expression_value(value)


def items_value(value: Any) -> Any:
    """What a loop goes over: CEL, or a list. A list with expressions in it becomes one expression."""
    if not isinstance(value, list | tuple):
        return condition_value(value)
    plain = document_value(list(value))
    return plain if not _has_hole(plain) else literal(list(value))


def _has_hole(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_hole(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_hole(item) for item in value)
    return isinstance(value, str) and "${" in value


def milliseconds(value: Any) -> Any:
    """A length of time: milliseconds, a text such as ``2d``, or a timedelta. What is none stays for validation to tell."""
    if isinstance(value, timedelta):
        return round(value.total_seconds() * 1000)
    if isinstance(value, str) and "${" not in value:
        return parse_duration(value)
    return document_value(value)


def duration_config(value: Any) -> dict[str, Any]:
    """The same for types that take both: a text stays a text."""
    return {"durationText": value} if isinstance(value, str) else {"duration": milliseconds(value)}
