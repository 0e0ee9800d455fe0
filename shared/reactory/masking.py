"""Keeping secrets out of what people read: logs now, audit and answers with it (SM-13).

A value is masked because of its name (``password``, ``accessToken``, ``X-Api-Key``, whatever the settings add) or
because of its form: credentials inside a URI.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "***"
SENSITIVE = frozenset(
    {
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "authorization",
        "apikey",
        "privatekey",
        "credential",
        "cookie",
    }
)
"""A name is sensitive if one of these is in it, whatever its case and its separators."""

_SEPARATORS = str.maketrans("", "", "-_. ")
_URI_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s\"'<>]+@")
# A word after "Basic" is taken for credentials when it is more than a word: a digit, = or a capital inside.
_AUTHORIZATION = re.compile(r"\b(Bearer|Basic)\s+(?=\S\S*[A-Z0-9=])[A-Za-z0-9+/=._~-]{8,}")
_DEPTH = 8


class Masker:
    """``names`` come on top of ``SENSITIVE``."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = SENSITIVE | {_plain(name) for name in names if _plain(name)}
        self._known: dict[str, bool] = {}

    def text(self, text: str) -> str:
        """``text`` without the credentials of URIs and of Authorization headers."""
        if "://" in text:
            text = _URI_CREDENTIALS.sub(f"{MASK}@", text)
        return _AUTHORIZATION.sub(rf"\1 {MASK}", text)

    def value(self, value: Any, depth: int = 0) -> Any:
        """``value`` with everything sensitive in it masked; what is nested deeper than anybody reads is cut."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            if depth == _DEPTH:
                return "…"
            return {str(key): self.field(str(key), item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value] if depth < _DEPTH else "…"
        return value

    def field(self, name: str, value: Any, depth: int = 0) -> Any:
        """The value of a field; None stays visible, for nothing was given away."""
        if value is not None and self.sensitive(name):
            return MASK
        return self.value(value, depth)

    def sensitive(self, name: str) -> bool:
        known = self._known.get(name)
        if known is None:
            plain = _plain(name)
            known = any(part in plain for part in self._names)
            if len(self._known) < 4096:
                self._known[name] = known
        return known


def _plain(name: str) -> str:
    return name.translate(_SEPARATORS).lower()
