"""How values and names are worded in the messages of problems: short, whatever the document holds."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import Any

_MAX_SHOWN = 60
_MAX_LISTED = 20
_MAX_COMPARED = 500
"""Among more names than that nobody looks for a similar one: it would take long, for every problem anew."""


def shown(value: Any) -> str:
    """A value, short."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "an object"
        case list():
            return "a list"
    text = repr(value[: _MAX_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def brief(name: str) -> str:
    """A name without quotes, short."""
    return name if len(name) <= _MAX_SHOWN else name[: _MAX_SHOWN - 1] + "…"


def listed(names: Sequence[str]) -> str:
    """Names with commas between; of many only the first."""
    more = ", …" if len(names) > _MAX_LISTED else ""
    return ", ".join(brief(name) for name in names[:_MAX_LISTED]) + more


def similar(name: str, known: Collection[str]) -> list[str]:
    """The known names that were perhaps meant, the same but for case and dashes before those of similar letters."""
    if len(known) > _MAX_COMPARED or len(name) > _MAX_SHOWN:
        return []
    ordered = sorted(known)
    plain = name.replace("_", "").replace("-", "").lower()
    same = [other for other in ordered if other.replace("_", "").replace("-", "").lower() == plain]
    return same or difflib.get_close_matches(name, ordered, n=3, cutoff=0.6)


def suggestion(name: str, known: Sequence[str]) -> str:
    """The names that were perhaps meant, else those that are known."""
    if near := similar(name, known):
        return f"did you mean {' or '.join(near)}?"
    return f"known here: {listed(known)}" if known else "nothing of that kind is known here"
