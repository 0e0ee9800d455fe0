"""What the counters ask of a table: to read an item, to change one under a condition, to list those of one kind.

That is what DynamoDB can do in one request, no more, so that one set of rules serves DynamoDB, a table in memory, and
a table in another process. The records here are plain data: they travel between processes as JSON.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Value = int | str | dict[str, int]
Item = dict[str, Value]
"""Attributes by name; ``expiresAt`` (seconds since the epoch) is when the item may vanish."""

Path = tuple[str, ...]
"""An attribute, or with a second name a member of the map that the attribute holds."""

Comparison = Literal["=", "<", "<=", ">", ">="]


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """An attribute that is not there fulfils no comparison."""

    path: Path
    by: Comparison
    value: Value


class Exists(msgspec.Struct, frozen=True, tag="exists"):
    path: Path
    expected: bool = True


class Smaller(msgspec.Struct, frozen=True, tag="smaller"):
    """The map at ``path`` has fewer than ``limit`` members."""

    path: Path
    limit: int


Test = Compare | Exists | Smaller
Guard = tuple[tuple[Test, ...], ...]
"""Alternatives: all tests of one of them have to hold."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One conditional update: the attributes of ``put`` are set, the members of ``merge`` are set in maps that exist, the
    numbers of ``add`` are added to what is there, and what ``drop`` names is removed. An item that does not exist is
    created if the guard allows it. ``at`` is when it was decided, in milliseconds; 0: not known.
    """

    guard: Guard
    put: dict[str, Value] = {}
    merge: dict[str, dict[str, int]] = {}
    add: dict[str, int] = {}
    drop: tuple[Path, ...] = ()
    at: int = 0


class Changed(msgspec.Struct, frozen=True):
    """``done``: ``item`` holds at least what was set, as it is now. Not done: ``item`` is the one whose state forbade it."""

    done: bool
    item: Item | None = None


class Changeable(Protocol):
    """Errors of every method: CountersUnavailableError."""

    def change(self, key: str, change: Change) -> Changed: ...


class Table(Changeable, Protocol):
    def get(self, key: str) -> Item | None:
        """The item as it is now: a read that sees every earlier write."""
        ...

    def list(self, kind: str, limit: int, after: str | None) -> list[Item]:
        """Items whose attribute ``kind`` is this one, by key, beginning behind the key ``after``. What was written within
        the last second may be missing.
        """
        ...
