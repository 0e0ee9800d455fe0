"""What an unquoted word of a YAML document means: the core schema of YAML 1.2, and nothing beyond it.

``on``, ``yes`` and ``no`` stay texts, and so do dates: the words that YAML 1.1 turned into something else.
https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import math
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OTHER_BASE = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_MAX_DIGITS = 25
"""Longer ones are over 64 bits whatever they are, and converting them takes quadratic time."""

MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)

Scalar = str | int | float | bool | None


def resolve_scalar(text: str) -> Scalar:
    """The value of an unquoted word. ValueError for a number that cannot be stored (over 64 bits, infinite)."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.match(text) or _OTHER_BASE.match(text):
        return integer(text)
    if _FLOAT.match(text):
        return finite(text)
    if _NOT_FINITE.match(text):
        raise ValueError(f"{text} cannot be stored; use a finite number, or quote it to keep it as text")
    return text


def integer(text: str) -> int:
    """A whole number that fits 64 bits, decimal, ``0o17`` or ``0x1F``."""
    value = None if len(text) > _MAX_DIGITS else int(text, 0 if _OTHER_BASE.match(text) else 10)
    if value is None or not MIN_INTEGER <= value <= MAX_INTEGER:
        shown = text if len(text) <= _MAX_DIGITS else text[:_MAX_DIGITS] + "…"
        raise ValueError(f"the number {shown} does not fit 64 bits; quote it to keep it as text")
    return value


def finite(text: str) -> float:
    """A number with a fraction or an exponent."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:_MAX_DIGITS]} is too large; quote it to keep it as text")
    return value
