"""The functions that are evaluated here. Their names and meanings are those of CEL's standard extensions (strings,
lists, sets, encoders), some have JavaScript's names beside; each says what it will make before it makes it, so that
nothing can grow without bounds. ``size`` is here because counting needs no copy.
"""

from __future__ import annotations

import base64
import binascii
import math
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactory.definition.language.evaluation import Evaluation
from reactory.definition.language.literals import INT_MAX, INT_MIN
from reactory.definition.language.values import plain, same
from reactory.exceptions import ExpressionError

Function = Callable[..., Any]

_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_TO_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


def _wrong(name: str, wanted: str, value: Any) -> ExpressionError:
    kinds: dict[type, str] = {str: "text", bool: "a boolean", int: "a number", float: "a number", bytes: "bytes"}
    found = "null" if value is None else kinds.get(type(value), "an object" if isinstance(value, Mapping) else "a list")
    shown = name if name == "in" else f"{name}()"
    return ExpressionError(f"{shown} needs {wanted}, not {found}")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "a text", value)
    return value


def _list(name: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _wrong(name, "a list", value)
    return value


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise _wrong(name, "a whole number", value)
    return int(value)


def _position(name: str, value: Any, length: int) -> int:
    position = _whole(name, value)
    if not 0 <= position <= length:
        raise ExpressionError(f"{name}(): {position} is outside of 0 to {length}")
    return position


# --- size --------------------------------------------------------------------------------------------------------


def _size(_evaluation: Evaluation, value: Any) -> int:
    if not isinstance(value, str | list | tuple | bytes | Mapping):
        raise _wrong("size", "a text, list or object", value)
    return len(value)


# --- texts -------------------------------------------------------------------------------------------------------


def _char_at(_evaluation: Evaluation, value: Any, index: Any) -> str:
    text = _text("charAt", value)
    position = _position("charAt", index, len(text))
    return text[position : position + 1]


def _index_of(evaluation: Evaluation, value: Any, wanted: Any, start: Any = 0) -> int:
    if isinstance(value, list | tuple):
        evaluation.spend(len(value))
        return next((index for index, item in enumerate(value) if same(item, wanted, evaluation)), -1)
    text = _text("indexOf", value)
    return text.find(_text("indexOf", wanted), _position("indexOf", start, len(text)))


def _last_index_of(_evaluation: Evaluation, value: Any, wanted: Any) -> int:
    return _text("lastIndexOf", value).rfind(_text("lastIndexOf", wanted))


def _lower_ascii(evaluation: Evaluation, value: Any) -> str:
    text = _text("lowerAscii", value)
    evaluation.grow(len(text))
    return text.translate(_TO_LOWER)


def _upper_ascii(evaluation: Evaluation, value: Any) -> str:
    text = _text("upperAscii", value)
    evaluation.grow(len(text))
    return text.translate(_TO_UPPER)


def _to_lower_case(evaluation: Evaluation, value: Any) -> str:
    text = _text("toLowerCase", value)
    evaluation.grow(len(text))
    return text.lower()


def _to_upper_case(evaluation: Evaluation, value: Any) -> str:
    text = _text("toUpperCase", value)
    evaluation.grow(len(text))
    return text.upper()


def _trim(evaluation: Evaluation, value: Any) -> str:
    evaluation.grow(len(_text("trim", value)))
    return _text("trim", value).strip()


def _replace(evaluation: Evaluation, value: Any, old: Any, new: Any, limit: Any = -1) -> str:
    text, before, after = _text("replace", value), _text("replace", old), _text("replace", new)
    most = _whole("replace", limit)
    count = text.count(before)
    count = count if most < 0 else min(count, most)
    evaluation.grow(len(text) + count * max(0, len(after) - len(before)))
    return text.replace(before, after, most)


def _split(evaluation: Evaluation, value: Any, separator: Any, limit: Any = -1) -> list[str]:
    text, between = _text("split", value), _text("split", separator)
    most = _whole("split", limit)
    evaluation.spend(len(text) if not between else text.count(between) + (len(text) >> 6))
    if most == 0:
        return []
    if not between:
        characters = list(text)
        return characters if most < 0 or len(characters) <= most else [*characters[: most - 1], text[most - 1 :]]
    return text.split(between, most - 1 if most > 0 else -1)


def _substring(evaluation: Evaluation, value: Any, start: Any, end: Any = None) -> str:
    text = _text("substring", value)
    first = _position("substring", start, len(text))
    last = len(text) if end is None else _position("substring", end, len(text))
    if last < first:
        raise ExpressionError(f"substring(): the end {last} is before the start {first}")
    evaluation.grow(last - first)
    return text[first:last]


def _join(evaluation: Evaluation, value: Any, separator: Any = "") -> str:
    parts = [_text("join", item) for item in _list("join", value)]
    between = _text("join", separator)
    evaluation.spend(len(parts))
    evaluation.grow(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _base64_encode(evaluation: Evaluation, value: Any) -> str:
    octets = value if isinstance(value, bytes) else _text("base64.encode", value).encode()
    evaluation.grow(len(octets) * 4 // 3)
    return base64.b64encode(octets).decode()


def _base64_decode(evaluation: Evaluation, value: Any) -> bytes:
    text = _text("base64.decode", value)
    evaluation.grow(len(text))
    evaluation.temporal = True
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ExpressionError("base64.decode(): this is not base64") from None


# --- lists -------------------------------------------------------------------------------------------------------


def _reverse(evaluation: Evaluation, value: Any) -> Any:
    if isinstance(value, str):
        evaluation.grow(len(value))
        return value[::-1]
    evaluation.spend(len(_list("reverse", value)))
    return [plain(item) for item in reversed(value)]


def _slice(evaluation: Evaluation, value: Any, start: Any, end: Any = None) -> Any:
    if isinstance(value, str):
        return _substring(evaluation, value, start, end)
    items = _list("slice", value)
    first = _position("slice", start, len(items))
    last = len(items) if end is None else _position("slice", end, len(items))
    evaluation.spend(max(0, last - first))
    return [plain(item) for item in items[first:last]]


def _flatten(evaluation: Evaluation, value: Any, depth: Any = 1) -> list[Any]:
    levels = _whole("flatten", depth)
    if not 0 <= levels <= 32:
        raise ExpressionError(f"flatten(): {levels} is outside of 0 to 32")
    items = [plain(item) for item in _list("flatten", value)]
    for _ in range(levels):
        evaluation.spend(len(items))
        if not any(isinstance(item, list | tuple) for item in items):
            break
        evaluation.spend(sum(len(item) for item in items if isinstance(item, list | tuple)))
        items = [inner for item in items for inner in (item if isinstance(item, list | tuple) else (item,))]
    return items


def _distinct(evaluation: Evaluation, value: Any) -> list[Any]:
    found: list[Any] = []
    seen: set[tuple[bool, Any]] = set()
    for item in _list("distinct", value):
        evaluation.spend(1)
        if isinstance(item, str | int | float):
            key = (isinstance(item, bool), item)
            if key not in seen:
                seen.add(key)
                found.append(item)
            continue
        evaluation.spend(len(found))
        if not any(same(item, other, evaluation) for other in found):
            found.append(plain(item))
    return found


def _sort(evaluation: Evaluation, value: Any) -> list[Any]:
    items = _list("sort", value)
    evaluation.spend(len(items) * max(1, len(items).bit_length()))
    kinds = {str if isinstance(item, str) else bool if isinstance(item, bool) else float for item in items}
    if len(kinds) > 1 or not all(isinstance(item, str | int | float) for item in items):
        raise ExpressionError("sort() needs a list of numbers or a list of texts")
    return sorted(items)


def _sum(evaluation: Evaluation, value: Any) -> Any:
    items = _list("sum", value)
    evaluation.spend(len(items))
    if any(isinstance(item, bool) or not isinstance(item, int | float) for item in items):
        raise ExpressionError("sum() needs a list of numbers")
    if any(isinstance(item, float) for item in items):
        return math.fsum(items)
    total = sum(items)
    if not INT_MIN <= total <= INT_MAX:
        raise ExpressionError("sum(): the sum does not fit into 64 bits")
    return total


def _includes(evaluation: Evaluation, value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return _text("includes", wanted) in value
    return _member(evaluation, wanted, _list("includes", value))


def _member(evaluation: Evaluation, wanted: Any, items: Sequence[Any]) -> bool:
    evaluation.spend(len(items))
    return any(same(item, wanted, evaluation) for item in items)


def _sets_contains(evaluation: Evaluation, whole: Any, part: Any) -> bool:
    items = _list("sets.contains", whole)
    return all(_member(evaluation, item, items) for item in _list("sets.contains", part))


def _sets_equivalent(evaluation: Evaluation, one: Any, other: Any) -> bool:
    return _sets_contains(evaluation, one, other) and _sets_contains(evaluation, other, one)


def _sets_intersects(evaluation: Evaluation, one: Any, other: Any) -> bool:
    items = _list("sets.intersects", one)
    return any(_member(evaluation, item, items) for item in _list("sets.intersects", other))


def member(evaluation: Evaluation, wanted: Any, holder: Any) -> bool:
    """The operator ``in``: is it an element of the list, or a key of the object?"""
    if isinstance(holder, Mapping):
        return isinstance(wanted, str) and wanted in holder
    if not isinstance(holder, list | tuple):
        raise _wrong("in", "a list or an object on its right side", holder)
    return _member(evaluation, wanted, holder)


LIBRARY: Mapping[str, Function] = {
    "base64.decode": _base64_decode,
    "base64.encode": _base64_encode,
    "charAt": _char_at,
    "distinct": _distinct,
    "flatten": _flatten,
    "includes": _includes,
    "indexOf": _index_of,
    "join": _join,
    "lastIndexOf": _last_index_of,
    "lowerAscii": _lower_ascii,
    "replace": _replace,
    "reverse": _reverse,
    "sets.contains": _sets_contains,
    "sets.equivalent": _sets_equivalent,
    "sets.intersects": _sets_intersects,
    "size": _size,
    "slice": _slice,
    "sort": _sort,
    "split": _split,
    "substring": _substring,
    "sum": _sum,
    "trim": _trim,
    "toLowerCase": _to_lower_case,
    "toUpperCase": _to_upper_case,
    "upperAscii": _upper_ascii,
}
