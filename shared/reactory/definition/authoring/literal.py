"""Python values as the text of an expression."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff'\\]*\Z")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(value: Any) -> str:
    """The expression that gives ``value``: JSON values, and mappings and sequences with expressions inside.

    Raises TypeError for what an expression cannot hold.
    """
    if (text := getattr(value, "_text", None)) is not None and hasattr(value, "_level"):
        return str(text)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case float() if math.isfinite(value):
            return repr(float(value)) if "e" not in repr(value) else _exponent(value)
        case str():
            return quoted(value)
        case Mapping():
            return "{" + ", ".join(f"{quoted(str(key))}: {literal(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(literal(item) for item in value) + "]"
    raise TypeError(f"{value!r} cannot stand in an expression: use texts, numbers, booleans, None, lists and mappings")


def quoted(text: str) -> str:
    """A text in single quotes. One with ``${`` is refused: it would be no template inside of an expression."""
    if "${" in text:
        raise TypeError(
            f"{text!r} is a template, which cannot stand inside an expression: put texts together with +, "
            "as in 'order ' + input.id"
        )
    if _PLAIN.match(text):
        return f"'{text}'"
    return "'" + "".join(_escaped(character) for character in text) + "'"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if _PLAIN.match(character) else f"\\u{ord(character):04x}"


def _exponent(value: float) -> str:
    """``1e+22`` as ``1.0e+22``, which every reader takes for a double."""
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"
