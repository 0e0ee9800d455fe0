"""The contract of the port Slots, kept in memory and in DynamoDB (moto)."""

from __future__ import annotations

import pytest

from reactory.adapters.counters.table import Table
from reactory.ports.slots import LONGEST_HELD_MS, MOST_SLOTS, SlotClaim, Slots

NOW = 1_800_000_000_000
MINUTE = 60_000


def take(slots: Slots, holder: str, now: int = NOW, limit: int = 2, until: int | None = None) -> int | None:
    return slots.take("t", "k", SlotClaim(limit, holder, now + MINUTE if until is None else until), now)


def test_at_most_the_limit_hold(slots: Slots) -> None:
    """CB-6: one more is refused, and told when the first of the others ends at the latest."""
    assert take(slots, "a", until=NOW + 5_000) is None
    assert take(slots, "b", until=NOW + 3_000) is None
    assert take(slots, "c") == NOW + 3_000
    assert take(slots, "c", NOW + 2_999) == NOW + 3_000


def test_a_released_slot_is_free(slots: Slots) -> None:
    """CB-6: for the next who comes; releasing again, or what nobody holds, is no error."""
    take(slots, "a")
    take(slots, "b")
    slots.release("t", "k", "a")
    assert take(slots, "c") is None
    assert take(slots, "d") == NOW + MINUTE
    for holder in ("a", "nobody"):
        slots.release("t", "k", holder)
    slots.release("t", "unknown", "a")
    assert take(slots, "d") == NOW + MINUTE


def test_the_slot_of_a_dead_process_is_free_when_its_time_is_over(slots: Slots) -> None:
    """CB-6: whoever is refused clears what has ended; what has not stays."""
    take(slots, "dead", until=NOW + 1_000)
    take(slots, "alive", until=NOW + 9_000)
    assert take(slots, "c", NOW + 1_000, until=NOW + 9_000) is None
    assert take(slots, "d", NOW + 1_000) == NOW + 9_000


def test_a_holder_keeps_its_slot(slots: Slots) -> None:
    """CB-6: taking again takes no second one, and gives the first its new end, be it sooner or later."""
    take(slots, "a", until=NOW + 1_000)
    take(slots, "b", until=NOW + 9_000)
    assert take(slots, "a", until=NOW + 5_000) is None
    assert take(slots, "c", NOW + 1_000) == NOW + 5_000
    assert take(slots, "a", until=NOW + 2_000) is None
    assert take(slots, "c", NOW + 2_000, until=NOW + 9_000) is None


def test_a_lowered_limit_holds_for_those_who_come(slots: Slots) -> None:
    """CB-6: nobody loses a slot, and nobody new gets one before enough have gone."""
    for number in range(4):
        take(slots, f"h{number}", limit=4)
    assert take(slots, "h0", limit=1) is None
    assert take(slots, "new", limit=1) == NOW + MINUTE
    for number in range(4):
        slots.release("t", "k", f"h{number}")
    assert take(slots, "new", limit=1) is None


@pytest.mark.parametrize("limit", [1, 50])
def test_however_many_have_ended_all_make_room(slots: Slots, limit: int) -> None:
    """CB-6: after a crash of everything, whatever the limit is now, the next who comes gets a slot, and no more than the
    limit do.
    """
    for number in range(96):
        take(slots, f"dead-{number}", limit=96, until=NOW + 1_000)
    take(slots, "alive", limit=97)
    later = NOW + 1_000
    assert [take(slots, f"new-{number}", later, limit) is None for number in range(limit)] == [True] * (limit - 1) + [
        False
    ]
    assert take(slots, "dead-5", later, limit) == NOW + MINUTE


def test_a_slot_that_has_ended_is_not_kept_over_a_lowered_limit(slots: Slots) -> None:
    """CB-6: whoever comes back late comes as anybody else."""
    take(slots, "late", until=NOW + 1_000)
    take(slots, "b")
    assert take(slots, "late", NOW + 1_000, limit=1) == NOW + MINUTE
    assert take(slots, "late", NOW + 1_000, limit=2) is None


def test_slots_are_told_apart_by_tenant_and_key(slots: Slots) -> None:
    """CB-6: the holders of one key do not count for another."""
    take(slots, "a", limit=1)
    assert slots.take("u", "k", SlotClaim(1, "a", NOW + MINUTE), NOW) is None
    assert slots.take("t", "other", SlotClaim(1, "b", NOW + MINUTE), NOW) is None
    slots.release("u", "k", "a")
    assert take(slots, "b", limit=1) == NOW + MINUTE


def test_a_holder_may_have_any_name(slots: Slots) -> None:
    """Ids and paths of steps have dots, brackets and slashes."""
    names = ["i-1/lines[3]/reserve#1", "a.b.c", "#n0", ":v0", "size", "é €"]
    assert [take(slots, name, limit=len(names)) for name in names] == [None] * len(names)
    assert take(slots, "z", limit=len(names)) == NOW + MINUTE
    for name in names:
        slots.release("t", "k", name)
    assert [take(slots, name.upper(), limit=len(names)) for name in names] == [None] * len(names)


@pytest.mark.parametrize("limit", [0, MOST_SLOTS + 1])
def test_a_limit_that_cannot_be_kept_is_a_mistake(slots: Slots, limit: int) -> None:
    """The holders of a key are kept in one item."""
    with pytest.raises(ValueError, match="1 to 1000 slots"):
        take(slots, "a", limit=limit)


def test_nothing_is_held_for_ever(slots: Slots, counters: Table) -> None:
    """CB-6: a slot ends after a month at the latest, and the item outlives all of its slots."""
    take(slots, "a", limit=1, until=NOW + 10 * LONGEST_HELD_MS)
    assert take(slots, "b", limit=1) == NOW + LONGEST_HELD_MS
    item = counters.get("slots#t#k")
    assert item is not None
    assert item["expiresAt"] == (NOW + LONGEST_HELD_MS + 86_400_000) // 1_000
