"""Builds plain data from a stream of events, and notes the line of every value.

It holds no recursion, and it bounds what an anchor can multiply: a document of a few lines must not unfold into
gigabytes ("billion laughs").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reactory.definition.codes import DUPLICATE_KEY, INVALID_FIELD
from reactory.definition.location import Path, format_path
from reactory.definition.problem import Problem

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

MAX_DEPTH = 100
MAX_VALUES = 200_000
MAX_KEY = 500


class NotationError(ValueError):
    """The text cannot be read as one document."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Content(NamedTuple):
    data: dict[str, Any]
    lines: Mapping[Path, int]
    problems: tuple[Problem, ...]


class _Anchored(NamedTuple):
    value: Any
    size: int
    height: int


_MERGE = object()
"""The key of a mapping that takes over the entries of another one (``<<: *base``)."""


@dataclass(slots=True)
class _Frame:
    """A mapping or a sequence that is not closed yet. ``key`` is the one that waits for its value."""

    value: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    key: Any = None
    key_line: int = 0
    merged: list[dict[str, Any]] = field(default_factory=list)
    size: int = 1
    height: int = 1


class TreeBuilder:
    """Takes the events of one document in order; ``finish`` gives the content."""

    def __init__(self) -> None:
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._lines: dict[Path, int] = {}
        self._problems: list[Problem] = []
        self._documents = 0
        self._root: Any = None

    @property
    def expects_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def problem(self, code: str, message: str, line: int) -> None:
        path = self._position(line)[0]
        self._problems.append(Problem(code=code, path=format_path(path), message=message, line=line))

    def start_document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            raise NotationError("a second document begins here; put each into a file of its own", line)

    def start_mapping(self, line: int, anchor: str | None = None) -> None:
        self._start({}, line, anchor)

    def start_sequence(self, line: int, anchor: str | None = None) -> None:
        self._start([], line, anchor)

    def end(self) -> None:
        frame = self._stack.pop()
        if isinstance(frame.value, dict):
            for base in frame.merged:
                frame.value.update({key: value for key, value in base.items() if key not in frame.value})
        self._place(frame.value, frame.anchor, frame.size, frame.height)

    def scalar(self, value: Any, line: int, *, anchor: str | None = None, merge: bool = False) -> None:
        if isinstance(value, str):
            value = self._storable(value, line)
        if self.expects_key:
            self._take_key(_MERGE if merge else value, line)
            return
        self._note(line)
        self._place(value, anchor, 1, 0)

    def alias(self, anchor: str, line: int) -> None:
        if self.expects_key:
            raise NotationError(f"the alias *{anchor} cannot be a key; write the key out", line)
        found = self._anchors.get(anchor)
        if found is None:
            raise NotationError(f"the alias *{anchor} has no anchor &{anchor} that ends above it", line)
        if len(self._stack) + found.height > MAX_DEPTH:
            raise NotationError(f"the alias *{anchor} nests deeper than {MAX_DEPTH} levels", line)
        self._note(line)
        self._place(found.value, None, found.size, found.height)

    def finish(self) -> Content:
        if not isinstance(self._root, dict):
            raise NotationError(
                "a document is a mapping of names to values (name: value); this one is "
                + ("empty" if self._root is None else f"a {'list' if isinstance(self._root, list) else 'single value'}")
            )
        return Content(self._root, self._lines, tuple(self._problems))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _start(self, value: dict[str, Any] | list[Any], line: int, anchor: str | None) -> None:
        if self.expects_key:
            raise NotationError("a key must be a text, not a list or a mapping", line)
        if len(self._stack) >= MAX_DEPTH:
            raise NotationError(f"the document is nested deeper than {MAX_DEPTH} levels", line)
        self._note(line)
        self._stack.append(_Frame(value, self._position(line)[0], anchor))

    def _position(self, line: int) -> tuple[Path, int]:
        """The path of the value that comes next, and its line: that of its key, if it has one."""
        if not self._stack:
            return (), line
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            return (*frame.path, len(frame.value)), line
        if isinstance(frame.key, str):
            return (*frame.path, frame.key), frame.key_line
        return frame.path, line

    def _note(self, line: int) -> None:
        path, at = self._position(line)
        self._lines.setdefault(path, at)

    def _take_key(self, key: Any, line: int) -> None:
        frame = self._stack[-1]
        if isinstance(key, str) and len(key) > MAX_KEY:
            raise NotationError(f"the key {key[:40]!r}… is longer than {MAX_KEY} characters; shorten it", line)
        frame.key, frame.key_line = key, line
        if isinstance(key, str) and key in frame.value:
            first = self._lines.get((*frame.path, key))
            said = f"the key {key!r} is given twice, first in line {first}; remove one of them"
            self.problem(DUPLICATE_KEY, said, line)

    def _place(self, value: Any, anchor: str | None, size: int, height: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, size, height)
        if not self._stack:
            self._root = value
            return
        frame = self._stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if frame.size > MAX_VALUES:
            raise NotationError(f"the document has more than {MAX_VALUES} values (aliases unfolded); split it")
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if key is _MERGE:
            self._merge(frame, value)
        else:
            frame.value[key] = value

    def _merge(self, frame: _Frame, value: Any) -> None:
        bases = value if isinstance(value, list) else [value]
        if not all(isinstance(base, dict) for base in bases):
            raise NotationError("<< takes an alias of a mapping, or a list of them", frame.key_line)
        frame.merged.extend(bases)

    def _storable(self, value: str, line: int) -> str:
        if _NOT_STORABLE.search(value):
            self.problem(INVALID_FIELD, "the text holds a character that cannot be stored (NUL or half a pair)", line)
        return _NOT_STORABLE.sub("\ufffd", value)
