"""Concurrency slots over a table of counters: the holders of a key, each with the end of its time, in one map."""

from __future__ import annotations

from functools import partial
from typing import cast

from reactory.adapters.counters.decision import Move, Settled, decide
from reactory.adapters.counters.keys import item_key
from reactory.adapters.counters.table import Change, Changeable, Compare, Exists, Item, Smaller, Value
from reactory.ports.slots import LONGEST_HELD_MS, MOST_SLOTS, SlotClaim

NOUN = "slots"
KEPT_MS = 86_400_000
"""How long an item stays after the last possible end of any of its holders."""

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
        return decide(self._table, item_key(NOUN, tenant, key), guess, partial(_plan_take, claim, until, now))

    def release(self, tenant: str, key: str, holder: str) -> None:
        held = ("holders", holder)
        self._table.change(item_key(NOUN, tenant, key), Change(guard=((Exists(held),),), drop=(held,)))


def _plan_take(claim: SlotClaim, until: int, now: int, item: Item | None) -> Step:
    expiry: dict[str, Value] = {"expiresAt": (now + LONGEST_HELD_MS + KEPT_MS) // 1_000}
    if item is None:
        new = ((Exists(_HOLDERS, expected=False),),)
        return Move(Change(guard=new, put={"holders": {claim.holder: until}, **expiry}, at=now), None)
    holders = cast("dict[str, int]", item["holders"])
    if claim.holder in holders or len(holders) < claim.limit:
        alternatives = (Exists((*_HOLDERS, claim.holder)),), (Exists(_HOLDERS), Smaller(_HOLDERS, claim.limit))
        merge = {"holders": {claim.holder: until}}
        return Move(Change(guard=alternatives, merge=merge, put=expiry, at=now), None)
    live = {holder: end for holder, end in holders.items() if end > now}
    if len(live) >= claim.limit:
        return Settled(min(live.values()))
    # As it was seen, or not at all: nobody's slot is taken away whose time was extended meanwhile.
    unchanged = ((Compare(_HOLDERS, "=", holders),),)
    return Move(Change(guard=unchanged, put={"holders": live | {claim.holder: until}, **expiry}, at=now), None)
