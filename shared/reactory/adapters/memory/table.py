"""A table of counters in memory: conditional updates under one lock."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from reactory.adapters.counters.table import (
    Change,
    Changed,
    Compare,
    Comparison,
    Exists,
    Guard,
    Item,
    Path,
    Test,
    Value,
)

FEW = 1_024
"""Items below which nobody looks for expired ones."""

_COMPARISONS: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class MemoryTable:
    """Expired items go when their number has doubled, by the times of the changes: the table itself has no clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, Item] = {}
        self._many = FEW

    def get(self, key: str) -> Item | None:
        with self._lock:
            return _copied(self._items.get(key))

    def change(self, key: str, change: Change) -> Changed:
        with self._lock:
            item = self._items.get(key)
            if not holds(change.guard, item):
                return Changed(done=False, item=_copied(item))
            made = self._items[key] = changed(item or {}, change)
            self._purge(change.at)
            return Changed(done=True, item=_copied(made))

    def list(self, kind: str, limit: int, after: str | None) -> list[Item]:
        with self._lock:
            found = sorted(
                key for key, item in self._items.items() if item.get("kind") == kind and (after is None or key > after)
            )
            return [cast("Item", _copied(self._items[key])) for key in found[:limit]]

    def _purge(self, now: int) -> None:
        if now and len(self._items) >= self._many:
            self._items = {
                key: item for key, item in self._items.items() if cast("int", item.get("expiresAt", 0)) * 1_000 >= now
            }
            self._many = max(FEW, 2 * len(self._items))


def holds(guard: Guard, item: Item | None) -> bool:
    return any(all(_fulfilled(test, item or {}) for test in alternative) for alternative in guard)


def changed(item: Mapping[str, Value], change: Change) -> Item:
    """The item with the change made; the given one stays as it is."""
    made = {**item, **change.put}
    for name, members in change.merge.items():
        made[name] = {**cast("dict[str, int]", made[name]), **members}
    for name, number in change.add.items():
        made[name] = cast("int", made.get(name, 0)) + number
    for path in change.drop:
        inside = made.get(path[0])
        if len(path) == 1:
            made.pop(path[0], None)
        elif isinstance(inside, dict):
            made[path[0]] = {name: value for name, value in inside.items() if name != path[1]}
    return made


def _fulfilled(test: Test, item: Item) -> bool:
    found = _found(item, test.path)
    if isinstance(test, Exists):
        return (found is not None) == test.expected
    if isinstance(test, Compare):
        return found is not None and _COMPARISONS[test.by](found, test.value)
    return isinstance(found, dict) and len(found) < test.limit


def _found(item: Item, path: Path) -> Value | None:
    value: Value | None = item.get(path[0])
    if len(path) == 1:
        return value
    return value.get(path[1]) if isinstance(value, dict) else None


def _copied(item: Item | None) -> Item | None:
    if item is None:
        return None
    return {name: dict(value) if isinstance(value, dict) else value for name, value in item.items()}
