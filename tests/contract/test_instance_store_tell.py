"""InstanceStore: told and send, the two ends of talking to others."""

from __future__ import annotations

from collections.abc import Callable

from reactory.ports.store import InboxEntry, Instance, InstanceStore, OutboxEntry, Settle

Claimed = Callable[..., Instance]
SettleOf = Callable[..., Settle]
New = Callable[..., Instance]
MINUTE = 60_000
ENTRIES = [OutboxEntry(name, "status", "{}") for name in ("o1", "o2")]


def read(store: InstanceStore, instance_id: str = "one") -> Instance:
    found = store.get(instance_id)
    assert found is not None
    return found


def settled(store: InstanceStore, settle_of: SettleOf, mine: Instance, now: int, timer_at: int | None = None) -> None:
    item = settle_of(mine, wake_at=now, timer_at=timer_at, outbox=ENTRIES)
    assert store.settle([item]) == ["ok"]


def test_an_outbox_worked_off_lets_the_instance_rest(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-7: after the last entry was told, the instance wakes by its own timer, or never."""
    settled(store, settle_of, claimed("timed"), now, timer_at=now + MINUTE)
    settled(store, settle_of, claimed("done"), now)
    store.told("w1", {"timed": ["o1", "o2"], "done": ["o1", "o2"]})
    assert [(read(store, name).outbox, read(store, name).wake_at) for name in ("timed", "done")] == [
        ([], now + MINUTE),
        ([], None),
    ]


def test_what_is_left_keeps_the_instance_due(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-4: an entry that was not told yet keeps wakeAt due, so that a crash between settle and tell is found."""
    settled(store, settle_of, claimed(), now)
    store.told("w1", {"one": ["o1"]})
    assert (read(store).outbox, read(store).wake_at) == (ENTRIES[1:], now)


def test_entry_ids_count_within_their_instance(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-23: telling an entry of one instance does not remove the entry of the same id of another."""
    settled(store, settle_of, claimed("a"), now)
    settled(store, settle_of, claimed("b"), now)
    store.told("w1", {"a": ["o1"], "b": ["o2"], "unknown": ["o1"]})
    assert [read(store, name).outbox for name in "ab"] == [ENTRIES[1:], ENTRIES[:1]]


def test_told_after_somebody_else_claimed_only_removes(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-4: once another owner has it, wakeAt is that one's business."""
    settled(store, settle_of, claimed(), now)
    store.claim(["one"], "w2", MINUTE, MINUTE)
    store.told("w1", {"one": ["o1", "o2"]})
    assert (read(store).outbox, read(store).wake_at) == ([], now)


def test_told_by_an_owner_that_still_holds_the_lease_only_removes(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-3: while the pass goes on, the instance stays due: if its owner dies, the sweeper must find it."""
    store.settle([settle_of(claimed(), wake_at=now, outbox=ENTRIES, keep_lease=True)])
    store.told("w1", {"one": ["o1", "o2"]})
    assert (read(store).outbox, read(store).wake_at) == ([], now)


def test_told_with_news_in_the_inbox_only_removes(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-4: what came in between settle and tell keeps the instance due."""
    settled(store, settle_of, claimed(), now)
    store.send("one", InboxEntry("e1", "x"))
    store.told("w1", {"one": ["o1", "o2"]})
    assert (read(store).outbox, read(store).wake_at) == ([], now)


def test_told_nothing_changes_nothing(store: InstanceStore) -> None:
    """An empty tell is no error."""
    store.told("w1", {})


def test_send_pushes_and_wakes(store: InstanceStore, new: New, now: int) -> None:
    """WH-9: a fact from outside is in the inbox, and an instance that slept for ever is due."""
    store.create([new(wake_at=None, status="RUNNING")])
    entry = InboxEntry("e1", '{"$set": "$x"}')
    answered = store.send("one", entry)
    assert answered is not None
    assert (answered.inbox, answered.status) == ([entry], "RUNNING")
    assert answered.wake_at is not None
    assert abs(answered.wake_at - now) < MINUTE
    assert read(store) == answered


def test_send_never_makes_an_instance_sleep_longer(store: InstanceStore, new: New, now: int) -> None:
    """WH-6: what is due already stays due; what sleeps is due now."""
    store.create([new("due", wake_at=now - MINUTE), new("asleep", wake_at=now + 100 * MINUTE)])
    due, woken = (store.send(name, InboxEntry("e1", "x")) for name in ("due", "asleep"))
    assert due is not None
    assert due.wake_at == now - MINUTE
    assert woken is not None
    assert woken.wake_at is not None
    assert woken.wake_at < now + MINUTE


def test_a_second_send_of_an_id_is_harmless(store: InstanceStore, new: New) -> None:
    """WH-11: the same entry twice is there once, and both senders get the document."""
    store.create([new()])
    store.send("one", InboxEntry("e1", "first"))
    again = store.send("one", InboxEntry("e1", "second"))
    assert again is not None
    assert again.inbox == [InboxEntry("e1", "first")]


def test_send_asks_for_the_status(store: InstanceStore, new: New) -> None:
    """WH-17: a control is refused in a wrong state, and then changes nothing."""
    store.create([new(status="COMPLETED", wake_at=None)])
    assert store.send("one", InboxEntry("e1", "pause"), ["RUNNING", "PENDING"]) is None
    assert (read(store).inbox, read(store).wake_at) == ([], None)
    assert store.send("one", InboxEntry("e1", "clean"), ["FAILED", "COMPLETED"]) is not None
    assert store.send("one", InboxEntry("e1", "clean"), ["RUNNING"]) is None


def test_send_to_nobody_is_none(store: InstanceStore) -> None:
    """An instance that does not exist takes no facts."""
    assert store.send("nobody", InboxEntry("e1", "x")) is None
