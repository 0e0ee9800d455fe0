"""Values: what goes into CEL, what comes out of it, what JSON makes of that, and what JavaScript holds for true."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reactory.definition.language.evaluation import Evaluation
from reactory.definition.language.literals import INT_MAX, INT_MIN
from reactory.exceptions import ExpressionError

MAX_DEPTH = 100


def truthy(value: Any) -> bool:
    """JavaScript's truth: all but null, false, 0, NaN and the empty text. Empty lists and objects are true."""
    if value is None or value is False:
        return False
    if isinstance(value, str | int | float):
        return value == value and bool(value)  # noqa: PLR0124 - NaN is the value that is not itself
    return True


def same(one: Any, other: Any, evaluation: Evaluation) -> bool:
    """CEL's equality: 1 equals 1.0, but true does not equal 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        evaluation.spend(len(one) >> 6)
        return one == other
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return False
        evaluation.spend(len(one))
        return all(same(left, right, evaluation) for left, right in zip(one, other, strict=True))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if len(one) != len(other):
            return False
        evaluation.spend(len(one))
        return all(key in other and same(one[key], other[key], evaluation) for key in one)
    return bool(one == other)


# --- into CEL ----------------------------------------------------------------------------------------------------


def to_cel(value: Any, evaluation: Evaluation, depth: int = 0) -> Any:
    """A value that CEL takes as it is. Its integers have 64 bits, and its texts end at a NUL: both are refused here."""
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        if not INT_MIN <= value <= INT_MAX:
            raise ExpressionError(f"the integer {_short(value)} does not fit into 64 bits: pass it as text")
        return value
    if kind is str:
        return _text(value, evaluation)
    if depth >= MAX_DEPTH:
        raise ExpressionError(f"the data are nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, list | tuple):
        evaluation.spend(len(value))
        return [to_cel(item, evaluation, depth + 1) for item in value]
    if isinstance(value, Mapping):
        evaluation.spend(len(value) * 2)
        return {_key(key, evaluation): to_cel(value[key], evaluation, depth + 1) for key in value}
    return _other(value, evaluation)


def _other(value: Any, evaluation: Evaluation) -> Any:
    if isinstance(value, bytes):  # from another part of the expression
        return value
    if isinstance(value, str | int | float):  # a subclass, an enumeration for one
        for kind in (str, int, float):
            if isinstance(value, kind):
                return to_cel(kind(value), evaluation)
    raise ExpressionError(f"a value of type {type(value).__name__} cannot be used in an expression: it is not JSON")


def _text(value: str, evaluation: Evaluation) -> str:
    if "\0" in value:
        raise ExpressionError("a text that contains the character NUL cannot be used in an expression")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ExpressionError("a text that is no valid Unicode (a lone surrogate) cannot be used in an expression")
    if len(value) > 64:
        evaluation.spend(len(value) >> 6)
    return value


def _key(key: Any, evaluation: Evaluation) -> str:
    if not isinstance(key, str):
        raise ExpressionError(f"the key {_short(key)} of an object is not a text")
    return _text(str(key), evaluation)


def with_doubles(value: Any) -> Any:
    """The same data as ``to_cel`` made them, with every integer as a double."""
    kind = type(value)
    if kind is int:
        return float(value)
    if kind is list:
        return [with_doubles(item) for item in value]
    if kind is dict:
        return {key: with_doubles(item) for key, item in value.items()}
    return value


def cel_text(value: datetime | timedelta) -> str:
    """The spelling from which CEL's timestamp() or duration() makes the value again."""
    if isinstance(value, datetime):
        return timestamp_text(value)
    micros = value // timedelta(microseconds=1)
    sign, micros = ("-" if micros < 0 else ""), abs(micros)
    return f"{sign}{micros // 1_000_000}.{micros % 1_000_000:06d}s"


# --- out of CEL --------------------------------------------------------------------------------------------------


def from_cel(value: Any, evaluation: Evaluation) -> Any:
    """A result of CEL's. What JSON does not have stays what it is, for other parts of the expression, but is marked."""
    kind = type(value)
    if value is None or kind is bool or kind is int or kind is str:
        return value
    if kind is float:
        if not math.isfinite(value):
            evaluation.temporal = True
        return value
    if kind is list:
        return [from_cel(item, evaluation) for item in value]
    if kind is dict:
        return {_json_key(key): from_cel(item, evaluation) for key, item in value.items()}
    if kind is bytearray:
        evaluation.temporal = True
        return bytes(value)
    if isinstance(value, datetime | timedelta):
        evaluation.temporal = True
        return value
    return _type_name(value)


def _type_name(value: Any) -> str:
    name = str(value.name() if callable(getattr(value, "name", None)) else value).lower()
    return {"null": "null_type"}.get(name, name.partition("<")[0])


def _json_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


# --- into JSON ---------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value of the scope as a dict, list or scalar. Dicts and lists are taken as they are, lazy mappings are read."""
    kind = type(value)
    if kind is dict or kind is list or kind is str or kind is int or value is None or kind is bool or kind is float:
        return value
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def weigh(value: Any, evaluation: Evaluation) -> None:
    """Refuses a result that would be huge once it is written down: a short expression can put one thing into a list
    many times, and that list into another.
    """
    if isinstance(value, str):
        evaluation.spend(len(value) >> 4)
    elif isinstance(value, list | tuple):
        evaluation.spend(len(value))
        for item in value:
            weigh(item, evaluation)
    elif isinstance(value, Mapping):
        evaluation.spend(len(value))
        for key in value:
            weigh(value[key], evaluation)


def finish(value: Any) -> Any:
    """A result of an evaluation that met values that JSON does not have: those are turned into JSON's here.

    Times become RFC 3339 texts, durations whole milliseconds, bytes base64. An infinite number is an error.
    """
    if type(value) is float and not math.isfinite(value):
        raise ExpressionError(f"the result is {value}, which is no number of JSON: guard the division")
    if isinstance(value, list):
        return _each(value, [finish(item) for item in value])
    if isinstance(value, dict):
        return {key: finish(item) for key, item in value.items()}
    for kind, convert in _TO_JSON.items():
        if isinstance(value, kind):
            return convert(value)
    return value


def _each(before: list[Any], after: list[Any]) -> list[Any]:
    """Keeps what did not change, by identity."""
    return before if all(one is other for one, other in zip(before, after, strict=True)) else after


def timestamp_text(value: datetime) -> str:
    """RFC 3339 in UTC, with as many decimals as there are."""
    text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"


def _milliseconds(value: timedelta) -> int:
    return value // timedelta(milliseconds=1)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_TO_JSON: Mapping[type, Callable[[Any], Any]] = {
    datetime: timestamp_text,
    timedelta: _milliseconds,
    bytes: _base64,
}


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**40 else f"{hex(value)[:40]}…"
    return text if len(text) <= 60 else text[:57] + "…"
