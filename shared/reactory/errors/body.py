"""A dead message's body as people may see it: what is sensitive in it masked, whether it is JSON or has broken off."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reactory.masking import MASK, Masker

_PAIR = re.compile(
    r"""(?<![\w.-])(?P<name>[\w.-]++)(?P<between>["']?\s*+[:=]\s*+)(?P<value>"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"'}\]]+)"""
)
"""A name and its value, as JSON, YAML, forms and many logs write them; the value may have broken off."""


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
        return masker.value(value)
    return masker.text(_PAIR.sub(lambda found: _pair(found, masker), body))


def _pair(found: re.Match[str], masker: Masker) -> str:
    if not masker.sensitive(found["name"]):
        return found[0]
    return f"{found['name']}{found['between']}{MASK}"
