"""InstanceStore: waiting and post, how an event finds who waits for it and comes into their inboxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reactory.ports.store import InboxEntry, Instance, InstanceStore, OpenWait, Post, Settle, Waiter

Claimed = Callable[..., Instance]
SettleOf = Callable[..., Settle]
New = Callable[..., Instance]
MINUTE = 60_000
EVENT = InboxEntry("e1", '{"k": "$v"}')


def wait(wait_id: str = "w", **fields: Any) -> OpenWait:
    values: dict[str, Any] = {"kind": "event", "path": "wait", "name": "paid", "key": "k", "since": 100}
    return OpenWait(id=wait_id, **(values | fields))


def read(store: InstanceStore, instance_id: str = "one") -> Instance:
    found = store.get(instance_id)
    assert found is not None
    return found


def found(store: InstanceStore, key: str = "k", time: int = 100, tenant: str = "default") -> list[str]:
    return [waiter.instance_id for waiter in store.waiting(tenant, "paid", key, time, 10)]


def test_an_event_finds_every_instance_that_waits_for_it(store: InstanceStore, new: New) -> None:
    """WH-9: one event wakes every matching wait, in one instance and across instances."""
    store.create(
        [
            new("two", waits=[wait("w3"), wait("w4", key=None), wait("w5", name="sent")], priority=4),
            new("one", waits=[wait("w1", key="other"), wait("w2")]),
            new("none"),
        ]
    )
    assert store.waiting("default", "paid", "k", 100, 10) == [Waiter("one", 2, ("w2",)), Waiter("two", 4, ("w3", "w4"))]


@pytest.mark.parametrize(
    "fields",
    [{"name": "sent"}, {"key": "other"}, {"key": ""}, {"since": 101}, {"kind": "activity"}, {"kind": "user"}],
)
def test_a_wait_matches_by_kind_name_key_and_time(store: InstanceStore, new: New, fields: dict[str, Any]) -> None:
    """WH-9: an event satisfies a wait of its name and key that does not begin after it, and no other."""
    store.create([new("one", waits=[wait(**fields)]), new("two", waits=[wait()])])
    assert found(store) == ["two"]


def test_one_wait_has_to_match_in_everything(store: InstanceStore, new: New) -> None:
    """WH-9: the name of one wait and the key or the time of another make no match."""
    waits = [wait("w1", name="sent"), wait("w2", key="other"), wait("w3", since=200)]
    store.create([new(waits=waits)])
    assert found(store) == []


def test_a_wait_without_a_key_takes_every_key(store: InstanceStore, new: New) -> None:
    """WH-9: who names no key waits for any event of the name."""
    store.create([new(waits=[wait(key=None)])])
    assert [found(store, key) for key in ("k", "", "$k")] == [["one"]] * 3


def test_the_waits_of_another_tenant_are_not_found(store: InstanceStore, new: New) -> None:
    """WH-24: an event of one tenant wakes nobody of another, by a key, without one, or as a signal."""
    store.create([new("one", tenant="acme", waits=[wait("w1"), wait("w2", key=None)])])
    assert [found(store), found(store, "@one")] == [[], []]
    assert [found(store, tenant="acme"), found(store, "@one", tenant="acme")] == [["one"], ["one"]]


def test_a_signal_reaches_the_waits_of_one_instance(store: InstanceStore, new: New) -> None:
    """WH-9: a signal matches every event wait of its name in the instance that it names, and none elsewhere."""
    waits = [wait("w1"), wait("w2", key=None), wait("w3", name="sent"), wait("w4", kind="user"), wait("w5", since=101)]
    store.create([new("one", waits=waits), new("two", waits=[wait("w6", key=None)]), new("idle")])
    assert store.waiting("default", "paid", "@one", 100, 10) == [Waiter("one", 2, ("w1", "w2"))]
    assert [found(store, key) for key in ("@idle", "@nobody", "@")] == [[], [], []]


def test_who_waits_is_answered_in_pages(store: InstanceStore, new: New) -> None:
    """WH-9: an event with many waits is delivered in pages, by id, each instance on one of them."""
    names = [f"i{number}" for number in range(5)]
    store.create([new(name, waits=[wait(f"{name}w", key=None if name == "i2" else "k")]) for name in names])
    pages = []
    after = None
    while page := store.waiting("default", "paid", "k", 100, 2, after):
        pages.append([waiter.instance_id for waiter in page])
        after = page[-1].instance_id
    assert pages == [["i0", "i1"], ["i2", "i3"], ["i4"]]
    assert store.waiting("default", "paid", "@i1", 100, 2, after="i1") == []


def test_a_wait_and_its_state_are_written_together(store: InstanceStore, claimed: Claimed, settle_of: SettleOf) -> None:
    """WH-10, WH-13: from the settle that has it a wait is found, and from the settle that has it no more it is not."""
    mine = claimed()
    assert store.settle([settle_of(mine, waits=[wait()], keep_lease=True)]) == ["ok"]
    assert found(store) == ["one"]
    assert store.settle([settle_of(mine, status="CANCELLED", waits=[])]) == ["ok"]
    assert found(store) == []
    assert store.post([Post("one", EVENT, ("w",))]) == set()
    assert read(store).inbox == []


def test_a_post_is_in_the_inbox_and_makes_the_instance_due(store: InstanceStore, new: New, now: int) -> None:
    """WH-9: who slept for ever is due; who is due already stays so."""
    store.create([new("one", wake_at=None, waits=[wait("w1")]), new("two", waits=[wait("w2"), wait("w3")])])
    assert store.post([Post("one", EVENT, ("w1",)), Post("two", EVENT, ("w0", "w3"))]) == {"one", "two"}
    assert [read(store, name).inbox for name in ("one", "two")] == [[EVENT], [EVENT]]
    woken = read(store, "one").wake_at
    assert woken is not None
    assert abs(woken - now) < MINUTE
    assert read(store, "two").wake_at == now - MINUTE


def test_a_post_is_refused_when_its_wait_is_closed(store: InstanceStore, new: New) -> None:
    """WH-9: a wait is satisfied once; a post for one that is gone changes nothing, and the others are delivered."""
    store.create([new("one", wake_at=None, waits=[wait("w1")]), new("two", waits=[wait("w2")])])
    batch = [Post("one", EVENT, ("w0",)), Post("two", EVENT, ("w2",)), Post("nobody", EVENT, ("w3",))]
    assert store.post(batch) == {"two"}
    assert (read(store, "one").inbox, read(store, "one").wake_at) == ([], None)


def test_a_second_post_of_an_entry_is_harmless(store: InstanceStore, new: New) -> None:
    """WH-11: delivery twice has its effect once, and both times it is answered that the entry is there."""
    store.create([new("one", waits=[wait("w1")]), new("two", waits=[wait("w2")])])
    again = InboxEntry(EVENT.id, "another text")
    assert store.post([Post("one", EVENT, ("w1",))]) == {"one"}
    assert store.post([Post("one", again, ("w1",)), Post("two", again, ("w2",))]) == {"one", "two"}
    assert [read(store, name).inbox for name in ("one", "two")] == [[EVENT], [again]]


def test_a_post_meets_a_leased_instance(store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int) -> None:
    """WH-4: while somebody holds it, the entry waits in the inbox; the owner's next write is refused until it looks."""
    mine = claimed(waits=[wait("w1")])
    assert store.post([Post("one", EVENT, ("w1",))]) == {"one"}
    assert store.settle([settle_of(mine)]) == ["inbox"]
    assert store.mail(["one"]) == {"one"}
    assert read(store).wake_at == now - MINUTE


def test_two_events_for_one_instance_are_both_posted(store: InstanceStore, new: New) -> None:
    """WH-9: entries of different ids stand beside each other, posted together or one by one."""
    store.create([new(waits=[wait("w1")])])
    entries = [InboxEntry(f"e{number}", str(number)) for number in range(3)]
    assert store.post([Post("one", entry, ("w1",)) for entry in entries[:2]]) == {"one"}
    assert store.post([Post("one", entries[2], ("w1",))]) == {"one"}
    assert {entry.id for entry in read(store).inbox} == {"e0", "e1", "e2"}


def test_a_large_batch_is_posted_whole(store: InstanceStore, new: New) -> None:
    """WH-9: a page of any size is delivered to each who waits."""
    names = {f"i{number:03d}" for number in range(520)}
    store.create([new(name, waits=[wait(name)]) for name in sorted(names)])
    assert store.post([Post(name, EVENT, (name,)) for name in sorted(names)]) == names
    assert store.mail(sorted(names)) == names


def test_posting_nothing_is_no_error(store: InstanceStore) -> None:
    """An empty batch reaches nobody."""
    assert store.post([]) == set()
