"""Concurrency slots over a table of counters: the holders of a key, each with the end of its time, in one map."""

from __future__ import annotations

from functools import partial
from typing import cast

from reactory.adapters.counters.decision import Move, Settled, decide
from reactory.adapters.counters.keys import item_key
from reactory.adapters.counters.table import Change, Changeable, Compare, Exists, Item, Smaller, Test, Value
from reactory.ports.slots import LONGEST_HELD_MS, MOST_SLOTS, SlotClaim

NOUN = "slots"
KEPT_MS = 86_400_000
"""How long an item stays after the last possible end of any of its holders."""

MOST_CLEARED = 40
"""Holders removed by one update: an expression has at most 300 operators.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

_HOLDERS = ("holders",)

Step = Settled[int | None] | Move[int | None]


class TableSlots:
    """Implements the port ``Slots``."""

    def __init__(self, table: Changeable) -> None:
        self._table = table

    def take(self, tenant: str, key: str, claim: SlotClaim, now: int) -> int | None:
        if not 1 <= claim.limit <= MOST_SLOTS:
            raise ValueError(f"limit is {claim.limit}: a key has 1 to {MOST_SLOTS} slots")
        until = min(claim.until, now + LONGEST_HELD_MS)
        guess: Item = {"holders": {}}
        pk, plan = item_key(NOUN, tenant, key), partial(_plan_take, claim, until, now)
        while (answer := decide(self._table, pk, guess, plan)) == now:  # not all could be cleared at once
            pass
        return answer

    def release(self, tenant: str, key: str, holder: str) -> None:
        held = ("holders", holder)
        self._table.change(item_key(NOUN, tenant, key), Change(guard=((Exists(held),),), drop=(held,)))


def _plan_take(claim: SlotClaim, until: int, now: int, item: Item | None) -> Step:
    expiry = _expiry(now)
    if item is None:
        new = ((Exists(_HOLDERS, expected=False),),)
        return Move(Change(guard=new, put={"holders": {claim.holder: until}, **expiry}, at=now), None)
    holders = cast("dict[str, int]", item["holders"])
    if holders.get(claim.holder, 0) > now or len(holders) < claim.limit:
        own = Compare((*_HOLDERS, claim.holder), ">", now)
        alternatives = (own,), (Exists(_HOLDERS), Smaller(_HOLDERS, claim.limit))
        merge = {"holders": {claim.holder: until}}
        return Move(Change(guard=alternatives, merge=merge, put=expiry, at=now), None)
    live = [end for end in holders.values() if end > now]
    if len(live) >= claim.limit:
        return Settled(min(live))
    return _plan_clearing(claim, until, now, holders)


def _plan_clearing(claim: SlotClaim, until: int, now: int, holders: dict[str, int]) -> Move[int | None]:
    """Remove some of those whose time is over, on condition that it was not extended meanwhile, and take a slot if that
    makes room for one.
    """
    back = claim.holder in holders  # too late, but its place in the map is there
    ended = [holder for holder, end in holders.items() if end <= now and holder != claim.holder]
    wanted = len(holders) - claim.limit + (not back)
    cleared = ended[: min(wanted, MOST_CLEARED)]
    gone = [*cleared, claim.holder] if back else cleared
    over: tuple[Test, ...] = tuple(Compare((*_HOLDERS, holder), "<=", now) for holder in gone)
    drop = tuple((*_HOLDERS, holder) for holder in cleared)
    expiry = _expiry(now)
    if len(cleared) < wanted:
        return Move(Change(guard=(over,), put=expiry, drop=drop, at=now), now)
    guard = ((*over, Smaller(_HOLDERS, claim.limit + len(over))),)
    merge = {"holders": {claim.holder: until}}
    return Move(Change(guard=guard, merge=merge, put=expiry, drop=drop, at=now), None)


def _expiry(now: int) -> dict[str, Value]:
    return {"expiresAt": (now + LONGEST_HELD_MS + KEPT_MS) // 1_000}
