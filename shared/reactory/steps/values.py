"""Results of steps, brought into the form in which storage gives them back.

A step's result is used as it comes back from storage, so the first run and a recovery see the same value. What JSON
cannot hold, or would silently change, is refused here with the place inside the value and the remedy: bytes, NaN, huge
integers, times without a zone, keys that collide.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from reactory.exceptions import UnserializableError

MAX_DEPTH = 100
_PLACE_LIMIT = 200
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


class _Refusal(BaseException):
    """A signal inside this module. ``place`` grows from the inside out while it passes through the containers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = ""


def to_json_value(value: Any, step: str) -> Any:
    """``value`` as plain JSON data: new containers, string keys, times in RFC 3339, decimals and UUIDs as strings.

    Takes mappings, sequences, sets (sorted where they can be), enums, dataclasses, msgspec structs and pydantic models.
    Raises UnserializableError, which names ``step``, the place inside the value and the remedy.
    """
    try:
        return _plain(value, 0)
    except _Refusal as refusal:
        place = refusal.place if len(refusal.place) <= _PLACE_LIMIT else f"{refusal.place[:_PLACE_LIMIT]}…"
        message = f"Step {step}: result{place} {refusal.reason}"
    raise UnserializableError(message)


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _integer(value)
    if kind is float:
        return _float(value)
    if depth >= MAX_DEPTH:
        raise _Refusal(f"is nested more than {MAX_DEPTH} levels deep, or contains itself")
    if kind is dict:
        return _map(value, depth + 1)
    if kind is list or kind is tuple:
        return _list(value, depth + 1)
    return _converted(value, depth)


def _map(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = key if type(key) is str and key.isascii() else _key(key)
        if name in result:
            raise _Refusal(f"has two keys that are both '{name}' in JSON")
        try:
            result[name] = _plain(item, depth)
        except _Refusal as refusal:
            refusal.place = f".{name}{refusal.place}"
            raise
    return result


def _list(value: Iterable[Any], depth: int) -> list[Any]:
    result: list[Any] = []
    try:
        for item in value:
            result.append(_plain(item, depth))  # noqa: PERF401 - the length tells where a refusal came from
    except _Refusal as refusal:
        refusal.place = f"[{len(result)}]{refusal.place}"
        raise
    return result


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Refusal("holds half a surrogate pair, which is no Unicode text: decode the source properly") from None
    return value


def _integer(value: int) -> int:
    if _INT_MIN <= value <= _INT_MAX:
        return value
    raise _Refusal("is an integer beyond 64 bits: return it as a string")


def _float(value: float) -> float:
    if math.isfinite(value):
        return value
    raise _Refusal(f"is {value}, which JSON cannot hold: return None instead")


def _key(key: Any) -> str:
    if isinstance(key, Enum):
        return _key(key.value)
    if isinstance(key, str):
        return _text(str(key))
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    if isinstance(key, (date, UUID)):
        return str(_leaf(key))
    raise _Refusal(f"has the key {key!r}, which is no string: use string keys")


def _converted(value: Any, depth: int) -> Any:
    """Everything that is not plain JSON data already."""
    match value:
        case Enum():
            return _plain(value.value, depth)
        case str():
            return _text(str.__str__(value))
        case int():
            return _integer(int(value))
        case float():
            return _float(float(value))
        case Decimal() | date() | time() | timedelta() | UUID():
            return _leaf(value)
        case bytes() | bytearray() | memoryview():
            raise _Refusal(
                "is bytes, which JSON cannot hold: return text (data.decode()), base64, or a reference to it"
            )
        case Mapping():
            return _map(value, depth + 1)
        case AbstractSet():
            return _list(_ordered(value), depth + 1)
        case Sequence():
            return _list(value, depth + 1)
        case _:
            return _record(value, depth)


def _leaf(value: Any) -> Any:
    if isinstance(value, Decimal) and not value.is_finite():
        raise _Refusal(f"is {value}, which JSON cannot hold: return None instead")
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise _Refusal("is a time without a zone: make it with one, as in datetime.now(timezone.utc)")
    return msgspec.to_builtins(value)


def _ordered(value: AbstractSet[Any]) -> list[Any]:
    """Sets of strings are iterated differently in every process: sorted, two runs of a step give the same list."""
    try:
        return sorted(value)
    except TypeError:
        return list(value)


def _record(value: Any, depth: int) -> Any:
    if isinstance(value, msgspec.Struct):
        return _map(_struct_fields(value), depth + 1)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _map({field.name: getattr(value, field.name) for field in dataclasses.fields(value)}, depth + 1)
    if hasattr(type(value), "model_dump"):  # pydantic, by its own rules for JSON: aliases, masked secrets, root models
        return _plain(value.model_dump(mode="json"), depth + 1)
    raise _Refusal(_advice(value))


def _struct_fields(value: msgspec.Struct) -> dict[str, Any]:
    config = value.__struct_config__
    fields = {} if config.tag_field is None else {config.tag_field: config.tag}
    for field in msgspec.structs.fields(value):
        item = getattr(value, field.name)
        if item is not msgspec.UNSET:
            fields[field.encode_name] = item
    return fields


def _advice(value: Any) -> str:
    if inspect.iscoroutine(value):
        value.close()
        return "is a coroutine that was never awaited: await it in an 'async def' step"
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"is a {name}, which JSON cannot hold: return plain data, a dataclass or a pydantic model"
