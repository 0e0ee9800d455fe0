"""InstanceStore: claim, renew, due, leased."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from reactory.ports.store import InboxEntry, Instance, InstanceStore, Push, Settle

New = Callable[..., Instance]
MINUTE = 60_000
EXPIRED = 0
"""A lease of no length has expired when it is granted."""


def test_a_claim_takes_the_lease_and_raises_the_epoch(store: InstanceStore, new: New, now: int) -> None:
    """WH-2: a claim answers the document with its new owner and epoch."""
    store.create([new()])
    (claimed,) = store.claim(["one"], "w1", MINUTE, 0)
    assert (claimed.epoch, claimed.lease_owner, claimed.interrupted) == (1, "w1", False)
    assert claimed.lease_until is not None
    assert claimed.lease_until >= now + MINUTE - 1000
    stored = store.get("one")
    assert stored is not None
    assert (stored.epoch, stored.lease_owner) == (1, "w1")


@pytest.mark.parametrize("many", [False, True])
def test_a_live_lease_is_not_taken(store: InstanceStore, new: New, many: bool) -> None:
    """WH-2: what somebody holds cannot be claimed; the others of the same call are."""
    others = ["two"] if many else []
    store.create([new(name) for name in ("one", *others)])
    store.claim(["one"], "w1", MINUTE, 0)
    assert [claimed.id for claimed in store.claim(["one", *others], "w2", MINUTE, 0)] == others
    stored = store.get("one")
    assert stored is not None
    assert (stored.epoch, stored.lease_owner) == (1, "w1")


def test_who_claims_anew_what_it_holds_gets_a_higher_epoch(store: InstanceStore, new: New) -> None:
    """WH-2: an owner that does not know what became of a write claims again; what arrives of the former epoch is refused."""
    store.create([new()])
    (before,) = store.claim(["one"], "w1", MINUTE, 0)
    (after,) = store.claim(["one"], "w1", MINUTE, 0)
    assert (after.epoch, after.interrupted) == (before.epoch + 1, True)
    assert store.push([Push("one", before.epoch, "w1", 0, ["late"])]) == ["lost"]
    assert store.push([Push("one", after.epoch, "w1", 0, ["new"])]) == ["ok"]


@pytest.mark.parametrize("many", [False, True])
def test_an_expired_lease_is_taken_and_marked(store: InstanceStore, new: New, many: bool) -> None:
    """WH-3: the next owner of an instance whose owner vanished gets it, a higher epoch, and is told so."""
    store.create([new(), new("two")])
    store.claim(["one"], "w1", EXPIRED, 0)
    claimed = store.claim(["one", "two"] if many else ["one"], "w2", MINUTE, 0)
    marks = {instance.id: (instance.epoch, instance.interrupted) for instance in claimed}
    assert marks["one"] == (2, True)
    assert marks.get("two", (1, False)) == (1, False)


def test_a_freed_lease_is_no_interruption(
    store: InstanceStore, claimed: Callable[..., Instance], settle_of: Callable[..., Settle], now: int
) -> None:
    """WH-3: an owner that settled and freed its lease was not interrupted; the mark of an earlier one is gone."""
    store.create([])
    first = claimed()
    store.settle([settle_of(first, wake_at=now)])
    (second,) = store.claim(["one"], "w2", EXPIRED, MINUTE)
    assert second.interrupted is False
    (third,) = store.claim(["one"], "w3", MINUTE, MINUTE)
    assert third.interrupted is True
    store.settle([settle_of(third, wake_at=now)])
    (fourth,) = store.claim(["one"], "w4", MINUTE, MINUTE)
    assert (fourth.interrupted, fourth.epoch) == (False, 4)


@pytest.mark.parametrize("many", [False, True])
def test_only_what_is_due_within_the_horizon_is_claimed(store: InstanceStore, new: New, now: int, many: bool) -> None:
    """WH-6: an instance that sleeps longer than the horizon, or for ever, is left alone."""
    store.create([new("far", wake_at=now + 10 * MINUTE), new("never", wake_at=None), new("near", wake_at=now + MINUTE)])
    asked = [["far", "never", "near"]] if many else [["far"], ["never"], ["near"]]
    got = [claimed.id for ids in asked for claimed in store.claim(ids, f"w-{ids[0]}", MINUTE, 5 * MINUTE)]
    assert got == ["near"]


def test_unknown_and_repeated_ids_do_no_harm(store: InstanceStore, new: New) -> None:
    """WH-4: a doubled or stale message claims each instance once."""
    store.create([new(), new("two")])
    claimed = store.claim(["one", "one", "nobody", "two"], "w1", MINUTE, 0)
    assert sorted((instance.id, instance.epoch) for instance in claimed) == [("one", 1), ("two", 1)]
    assert store.claim([], "w2", MINUTE, 0) == []
    assert store.claim(["nobody"], "w3", MINUTE, 0) == []


def test_a_claim_answers_all_but_the_history(store: InstanceStore, new: New) -> None:
    """WH-21: the claim's answer does not grow with the history."""
    written = new(history=["{}"], history_count=1, journal=["{}"], journal_count=1, state="{}", tags=["t"])
    store.create([written])
    (claimed,) = store.claim(["one"], "w1", MINUTE, 0)
    assert claimed.history == []
    assert (claimed.history_count, claimed.journal, claimed.state, claimed.tags) == (1, ["{}"], "{}", ["t"])


def test_claims_that_race_give_each_instance_to_one(store: InstanceStore, new: New) -> None:
    """WH-2: of many that claim the same instances at once, exactly one gets each."""
    ids = [f"i{number}" for number in range(20)]
    store.create([new(name) for name in ids])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda owner: store.claim(ids, owner, MINUTE, 0), ["a", "b", "c", "d"]))
    got = [(instance.id, instance.epoch) for answer in answers for instance in answer]
    assert sorted(got) == sorted((name, 1) for name in ids)


def test_renew_extends_what_the_owner_holds(
    store: InstanceStore, claimed: Callable[..., Instance], settle_of: Callable[..., Settle], new: New
) -> None:
    """WH-3: a heartbeat extends the leases that are still held, and tells which."""
    held = claimed("held")
    store.settle([settle_of(claimed("freed"))])
    store.create([new("others"), new("nobodys")])
    store.claim(["others"], "w2", MINUTE, 0)
    assert store.renew(["held", "freed", "others", "nobodys", "unknown"], "w1", 10 * MINUTE) == {"held"}
    renewed = store.get("held")
    assert renewed is not None
    assert renewed.lease_until is not None
    assert held.lease_until is not None
    assert renewed.lease_until >= held.lease_until + 8 * MINUTE
    assert store.renew(["held"], "w1", MINUTE) == {"held"}
    assert store.renew([], "w1", MINUTE) == set()


def test_mail_tells_whose_inbox_holds_something(store: InstanceStore, new: New) -> None:
    """WH-17: while a step runs its owner can see that somebody wants something of the instance."""
    store.create([new("quiet"), new("wanted")])
    store.send("wanted", InboxEntry("m1", '{"k":"tick","at":1}'))
    assert store.mail(["quiet", "wanted", "unknown"]) == {"wanted"}
    assert store.mail([]) == set()


def test_due_lists_what_nobody_works_on_the_earliest_first(store: InstanceStore, new: New, now: int) -> None:
    """WH-4: the sweeper finds every instance that is due and has no live lease, and nothing else."""
    store.create(
        [
            new("late", wake_at=now - MINUTE, priority=3),
            new("soon", wake_at=now + MINUTE),
            new("later", wake_at=now + 10 * MINUTE),
            new("never", wake_at=None),
            new("leased", wake_at=now - 5 * MINUTE),
            new("stranded", wake_at=now - 4 * MINUTE, priority=1),
        ]
    )
    store.claim(["leased"], "w1", MINUTE, 0)
    store.claim(["stranded"], "w2", EXPIRED, 0)
    expected = [
        ("stranded", now - 4 * MINUTE, 1),
        ("late", now - MINUTE, 3),
        ("soon", now + MINUTE, 2),
    ]
    assert store.due(2 * MINUTE, 10) == expected
    assert store.due(2 * MINUTE, 2) == expected[:2]
    assert store.due(0, 10) == expected[:2]
    for place, (instance_id, wake_at, _) in enumerate(expected):
        assert store.due(2 * MINUTE, 10, (wake_at, instance_id)) == expected[place + 1 :]


def test_due_goes_on_after_a_page(store: InstanceStore, new: New, now: int) -> None:
    """WH-4: pages of what is due join without gap or overlap, equal times included, and end with an empty one."""
    store.create([new(f"i{number}", wake_at=now - MINUTE * (number // 3)) for number in range(8)])
    seen: list[str] = []
    after: tuple[int, str] | None = None
    while page := store.due(0, 3, after):
        seen += [instance_id for instance_id, _, _ in page]
        after = (page[-1][1], page[-1][0])
    assert seen == ["i6", "i7", "i3", "i4", "i5", "i0", "i1", "i2"]
    assert store.due(0, 3, (now + MINUTE, "z")) == []


def test_due_goes_on_after_one_that_is_gone(store: InstanceStore, new: New, now: int) -> None:
    """WH-4: the end of a page is a place in the order, whatever has become of the instance that was there."""
    store.create([new("a", wake_at=now - 2 * MINUTE), new("b", wake_at=now - MINUTE), new("c", wake_at=now - MINUTE)])
    store.claim(["a", "b"], "w1", MINUTE, 0)
    assert store.due(0, 1, (now - 2 * MINUTE, "a")) == [("c", now - MINUTE, 2)]


def test_ending_lists_what_is_held_for_not_much_longer(
    store: InstanceStore, claimed: Callable[..., Instance], settle_of: Callable[..., Settle], new: New
) -> None:
    """WH-3: the sweeper learns whose lease ends soon, so that it can look then whether the owner is still alive."""
    claimed("held")
    store.settle([settle_of(claimed("freed"))])
    store.create([new("free"), new("expired"), new("long", priority=4)])
    store.claim(["expired"], "w2", EXPIRED, 0)
    store.claim(["long"], "w3", 10 * MINUTE, 0)
    assert [(name, priority) for name, _, priority in store.ending(2 * MINUTE, 10)] == [("held", 2)]
    assert [(name, priority) for name, _, priority in store.ending(20 * MINUTE, 10)] == [("held", 2), ("long", 4)]
    assert [name for name, _, _ in store.ending(20 * MINUTE, 1)] == ["held"]
    assert all(0 < left <= MINUTE for _, left, _ in store.ending(2 * MINUTE, 10))


def test_leased_tells_how_long_the_lease_runs(
    store: InstanceStore, claimed: Callable[..., Instance], settle_of: Callable[..., Settle], new: New
) -> None:
    """WH-4: whoever meets a held instance learns when to come back; free and expired ones are not listed."""
    claimed("held")
    store.settle([settle_of(claimed("freed"))])
    store.create([new("free"), new("expired")])
    store.claim(["expired"], "w2", EXPIRED, 0)
    left = store.leased(["held", "freed", "free", "expired", "unknown"])
    assert list(left) == ["held"]
    assert 0 < left["held"] <= MINUTE
    assert store.leased([]) == {}


def test_ping_measures_the_round_trip(store: InstanceStore) -> None:
    """OB-6: the health check knows how long the database takes to answer."""
    assert store.ping() >= 0
