"""Literals: from the source's spelling to a Python value, and from a Python value to CEL's spelling."""

from __future__ import annotations

import json
import re
from typing import Any

from reactory.exceptions import ExpressionError

_ESCAPE = re.compile(r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}
INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1


def text_of(token: str) -> str:
    """The value of a string token, with its quotes and prefix."""
    raw = token[0] in "rR"
    body = token.lstrip("rR")
    width = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    inner = body[width:-width]
    if raw or "\\" not in inner:
        return inner
    return _ESCAPE.sub(_unescape, inner)


def bytes_of(token: str) -> bytes:
    """The value of a bytes token: escapes above ASCII are octets, other characters are UTF-8."""
    quoted = token.lstrip("rRbB")
    prefix = token[: len(token) - len(quoted)].lower()
    if "r" in prefix:
        return text_of("r" + quoted).encode()
    parts: list[bytes] = []
    width = 3 if quoted[:3] in ('"""', "'''") and len(quoted) >= 6 else 1
    inner, position = quoted[width:-width], 0
    for found in _ESCAPE.finditer(inner):
        parts.append(inner[position : found.start()].encode())
        octet = found.group(1) or found.group(4)
        parts.append(bytes([_octet(found)]) if octet else _unescape(found).encode())
        position = found.end()
    parts.append(inner[position:].encode())
    return b"".join(parts)


def _octet(found: re.Match[str]) -> int:
    return int(found.group(1), 16) if found.group(1) else int(found.group(4), 8)


def _unescape(found: re.Match[str]) -> str:
    if found.group(5) is not None:
        simple = _SIMPLE.get(found.group(5))
        if simple is None:
            raise ExpressionError(
                f"{found.group()!r} is no escape: write \\\\ for a backslash, or r'…' for a raw string"
            )
        return simple
    code = _octet(found) if found.group(1) or found.group(4) else int(found.group(2) or found.group(3), 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ExpressionError(f"{found.group()} is no character of Unicode")
    return chr(code)


def int_of(token: str) -> int:
    return int(token, 16) if token[:2] in ("0x", "0X") else int(token)


def spell(value: Any, *, doubles: bool = False, unsigned: bool = False) -> str:
    """A value as a CEL literal; ``doubles`` writes integers as doubles."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _spell_int(value, doubles=doubles, unsigned=unsigned)
    if isinstance(value, float):
        return _spell_double(value)
    if isinstance(value, bytes):
        return 'b"' + "".join(f"\\x{octet:02x}" for octet in value) + '"'
    return _spell_text(str(value))


def _spell_int(value: int, *, doubles: bool, unsigned: bool) -> str:
    if doubles:
        return _spell_double(float(value))
    text = f"{value}u" if unsigned else str(value)
    return f"({text})" if value < 0 else text


def _spell_double(value: float) -> str:
    text = repr(value)
    if "." not in text and "e" not in text:
        text += ".0"
    return f"({text})" if value < 0 else text


def _spell_text(value: str) -> str:
    """JSON's spelling of a string is a spelling of CEL's too."""
    return json.dumps(value, ensure_ascii=False)
