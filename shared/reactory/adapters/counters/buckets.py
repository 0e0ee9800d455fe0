"""Token buckets over a table of counters, as a generic cell rate algorithm.

A bucket is one number, ``tat``: the time (microseconds since the epoch) at which it will be full again. Taking a token
moves it one interval on; it may not lie further ahead than the whole bucket takes to fill.

https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
"""

from __future__ import annotations

import threading
from functools import partial
from typing import cast

from reactory.adapters.counters.decision import Move, Settled, decide
from reactory.adapters.counters.keys import item_key
from reactory.adapters.counters.table import Change, Changeable, Changed, Compare, Exists, Item, Value
from reactory.ports.buckets import Rate

NOUN = "bucket"
KEPT_S = 3_600
"""How long a bucket that is full again is kept, for clocks that differ."""

REMEMBERED = 4_096
_TAT = ("tat",)

Step = Settled[int | None] | Move[int | None]


class TableBuckets:
    """Implements the port ``Buckets``.

    ``tat`` never goes back. So what this process saw of a bucket last is a good guess, and where even that is too far
    ahead, a refusal needs no request at all: whoever is throttled costs nothing. Others may have taken more meanwhile: then
    the time in that refusal is early.
    """

    def __init__(self, table: Changeable) -> None:
        self._table = _Watched(table)

    def take(self, tenant: str, key: str, rate: Rate, now: int, amount: int = 1) -> int | None:
        if not 1 <= amount <= rate.limit:
            raise ValueError(f"amount is {amount}: a bucket of {rate.limit} gives 1 to {rate.limit} tokens at once")
        pk = item_key(NOUN, tenant, key)
        return decide(self._table, pk, self._table.last(pk), partial(_plan_take, rate, now, amount))


def _plan_take(rate: Rate, now: int, amount: int, item: Item | None) -> Step:
    # Whole microseconds per token, rounded up: a bucket may fill a little slower than it should, never faster.
    interval = -(-rate.per_ms * 1_000 // rate.limit)
    cost, capacity, present = amount * interval, rate.limit * interval, now * 1_000
    tat = 0 if item is None else cast("int", item["tat"])
    if tat <= present:
        guard = (Exists(_TAT, expected=False),), (Compare(_TAT, "<=", present),)
        full = present + cost
        return Move(Change(guard=guard, put={"tat": full, **_expiry(present, capacity)}, at=now), None)
    latest = present + capacity - cost
    if tat > latest:
        return Settled(-(-(tat + cost - capacity) // 1_000))
    guard_busy = ((Compare(_TAT, ">", present), Compare(_TAT, "<=", latest)),)
    return Move(Change(guard=guard_busy, add={"tat": cost}, put=_expiry(present, capacity), at=now), None)


def _expiry(present: int, capacity: int) -> dict[str, Value]:
    return {"expiresAt": (present + capacity) // 1_000_000 + KEPT_S}


class _Watched:
    """A table that remembers what its answers said."""

    def __init__(self, table: Changeable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._last: dict[str, Item] = {}

    def last(self, key: str) -> Item | None:
        return self._last.get(key)

    def change(self, key: str, change: Change) -> Changed:
        changed = self._table.change(key, change)
        if changed.item is not None:
            self._remember(key, changed.item)
        return changed

    def _remember(self, key: str, item: Item) -> None:
        with self._lock:
            known = self._last.get(key)
            if known is None and len(self._last) >= REMEMBERED:
                self._last.clear()
            if known is None or cast("int", known["tat"]) < cast("int", item["tat"]):
                self._last[key] = {"tat": item["tat"]}
