"""A dead message's body as people may see it: what is sensitive in it masked, whether it is JSON or has broken off."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reactory.masking import MASK, Masker

_NAME = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]++)(?P<between>\\*+["']?\s*+[:=]\s*+)""")
"""A name before its value, as JSON, JSON inside of a string of JSON, YAML, forms and many logs write them."""

_OPENS = re.compile(r"""(?P<escapes>\\*+)(?P<sign>["'])""")
_QUOTES = {sign: re.compile(rf"(\\*+){sign}") for sign in ('"', "'")}
_LINE, _FIELD = re.compile(r"[^\n\r]*+"), re.compile(r"[^\n\r&]*+")
_DEEPEST = 4
_OPENING, _CLOSING = "{[(", "}])"


def decoded(body: str) -> Any:
    """The body as JSON, None where it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def masked(body: str, masker: Masker) -> Any:
    """As JSON where it is, else as text."""
    value = decoded(body)
    if isinstance(value, dict | list):
        return masker.value(_unpacked(value, masker))
    return _text(body, masker)


def _unpacked(value: Any, masker: Masker, depth: int = 0) -> Any:
    """What stands in texts masked: JSON as JSON, written anew, and what has a name and a value."""
    if isinstance(value, dict):
        return {key: _unpacked(item, masker, depth) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpacked(item, masker, depth) for item in value]
    if not isinstance(value, str):
        return value
    inner = decoded(value) if depth < _DEEPEST and value.lstrip()[:1] in ("{", "[") else None
    if isinstance(inner, dict | list):
        return msgspec.json.encode(masker.value(_unpacked(inner, masker, depth + 1))).decode()
    return _text(value, masker)


def _text(body: str, masker: Masker) -> str:
    """Everything that follows a sensitive name is its value, to the end of the line or of its quotes or brackets."""
    body = masker.text(body)
    parts: list[str] = []
    done = 0
    while (found := _NAME.search(body, done)) is not None:
        parts.append(body[done : found.end()])
        done = found.end()
        if masker.sensitive(found["name"]):
            done = _end(body, done, _FIELD if "=" in found["between"] else _LINE)
            parts.append(MASK)
    parts.append(body[done:])
    return "".join(parts)


def _end(body: str, start: int, plain: re.Pattern[str]) -> int:
    """Where the value ends that begins at ``start``; one that has broken off ends with the text."""
    if (opening := _OPENS.match(body, start)) is not None:
        return _unquoted(body, opening)
    if body[start : start + 1] in tuple(_OPENING):
        return _closed(body, start)
    found = plain.match(body, start)
    return start if found is None else found.end()


def _unquoted(body: str, opening: re.Match[str]) -> int:
    """Behind the quotes that close these, which have no more backslashes before them than the opening ones."""
    most = len(opening["escapes"])
    for found in _QUOTES[opening["sign"]].finditer(body, opening.end()):
        escapes = len(found[1])
        if escapes <= most or (not most and escapes % 2 == 0):
            return found.end()
    return len(body)


def _closed(body: str, start: int) -> int:
    """Behind the bracket that closes the one at ``start``; brackets inside of quotes are none."""
    depth, quote, at = 0, "", start
    while at < len(body):
        sign = body[at]
        if sign == "\\":
            at += 1
        elif quote:
            quote = "" if sign == quote else quote
        elif sign == '"':
            quote = sign
        elif sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    return len(body)
