"""References: a root, looked up in the scope, and a static path behind it, walked through plain data.

Only mappings, lists and the length of a string can be walked: there is no way to an attribute of a Python object.
The data may be lazy mappings; what their lookups raise, other than KeyError, passes through untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final, Protocol

from reactory.exceptions import ExpressionError

MISSING: Final = object()
"""Nothing stands there; null is something else."""


class Scope(Protocol):
    """Where references are looked up. ``root`` is the first name of a reference (``input``, ``steps``, ``order`` …)."""

    def lookup(self, root: str) -> Any:
        """The value behind a root name; raises KeyError when there is none."""
        ...


class UnresolvedReferenceError(ExpressionError):
    """A reference that leads nowhere. ``reference`` is its static chain."""

    def __init__(self, message: str, reference: tuple[str, ...]) -> None:
        super().__init__(message)
        self.reference = reference


def child(value: Any, segment: str) -> Any:
    """What stands under one segment, else MISSING."""
    if type(value) is dict:
        return value.get(segment, MISSING)
    if isinstance(value, list | tuple):
        if segment.isdecimal() and segment.isascii():
            return value[int(segment)] if len(segment) < 19 and int(segment) < len(value) else MISSING
        return len(value) if segment == "length" else MISSING
    if isinstance(value, str):
        return len(value) if segment == "length" else MISSING
    if isinstance(value, Mapping):
        try:
            return value[segment]
        except KeyError:
            return MISSING
    return MISSING


def lookup_path(value: Any, segments: Sequence[str], default: Any = MISSING) -> Any:
    """What stands at the end of a path, else ``default``."""
    for segment in segments:
        value = child(value, segment)
        if value is MISSING:
            return default
    return value


def walk(value: Any, path: tuple[str, ...], shown: tuple[str, ...]) -> Any:
    """The same, but absence is an error. ``shown`` is how to call the value that the path starts from."""
    found = value
    for position, segment in enumerate(path):
        parent, found = found, child(found, segment)
        if found is MISSING:
            raise _absent(shown, path, position, parent)
    return found


def resolve(scope: Scope, root: str, path: tuple[str, ...]) -> Any:
    """The value of a reference; absence is an error that says what was missing, and what is there instead."""
    try:
        value = scope.lookup(root)
    except KeyError:
        raise _no_root(root, path) from None
    for segment in path:
        value = child(value, segment)
        if value is MISSING:
            walk(scope.lookup(root), path, (root,))  # once more, slowly, for the message
    return value


def resolve_or_missing(scope: Scope, root: str, path: tuple[str, ...]) -> Any:
    try:
        value = scope.lookup(root)
    except KeyError:
        return MISSING
    return lookup_path(value, path)


def dotted(chain: Sequence[str]) -> str:
    """A chain as one would write it: names behind dots, everything else in brackets."""
    text = chain[0]
    for segment in chain[1:]:
        if segment.isidentifier():
            text += f".{segment}"
        elif segment.isdecimal():
            text += f"[{segment}]"
        else:
            text += f".{segment}" if segment.replace("-", "_").isidentifier() else f"[{segment!r}]"
    return text


def _no_root(root: str, path: tuple[str, ...]) -> UnresolvedReferenceError:
    chain = (root, *path)
    shown = dotted(chain)
    message = f"{shown}: there is no {root!r} here" if path else f"{shown}: there is no such name here"
    return UnresolvedReferenceError(f"{message}; give a default with || if it may be absent", chain)


def _absent(shown: tuple[str, ...], path: tuple[str, ...], position: int, parent: Any) -> UnresolvedReferenceError:
    chain = (*shown, *path)
    holder, segment = dotted((*shown, *path[:position])), path[position]
    what = f"{dotted(chain)}: {holder!r}"
    if parent is None:
        message = f"{what} is null, so it has no {segment!r}"
    elif isinstance(parent, Mapping):
        message = f"{what} has no {segment!r}{_contents(parent, segment)}"
    elif isinstance(parent, list | tuple):
        message = f"{what} is a list of {len(parent)} and has no {segment!r}"
    else:
        message = f"{what} is {_kind(parent)} and has no {segment!r}"
    return UnresolvedReferenceError(message, chain)


def _contents(parent: Mapping[Any, Any], segment: str) -> str:
    names = [str(name) for name in islice(parent, 100)]
    if not names:
        return "; it is empty"
    import difflib  # only errors need it

    near = difflib.get_close_matches(segment, names, n=3, cutoff=0.7)
    rest = [name for name in names if name not in near]
    shown = [*near, *rest][:10]
    return f"; it has: {', '.join(shown)}" + (", …" if len(names) > len(shown) else "")


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case _:
            return f"a {type(value).__name__}"
