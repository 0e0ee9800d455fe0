"""InstanceStore: push, absorb, settle, the fenced writes of an owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reactory.ports.store import InboxEntry, Instance, InstanceStore, OpenWait, OutboxEntry, Push, Settle

Claimed = Callable[..., Instance]
SettleOf = Callable[..., Settle]
MINUTE = 60_000


def push_of(instance: Instance, *facts: str, count: int | None = None, **fields: Any) -> Push:
    values = {"epoch": instance.epoch, "owner": instance.lease_owner or "", **fields}
    before = instance.journal_count if count is None else count
    return Push(instance_id=instance.id, journal_count=before, facts=list(facts), **values)


def read(store: InstanceStore, instance_id: str = "one") -> Instance:
    found = store.get(instance_id)
    assert found is not None
    return found


def test_pushes_append_in_order(store: InstanceStore, claimed: Claimed) -> None:
    """WH-1: what was pushed is in the journal, in the order in which it was pushed."""
    mine = claimed()
    assert store.push([push_of(mine, "a", "b")]) == ["ok"]
    assert store.push([push_of(mine, "c", count=2)]) == ["ok"]
    assert (read(store).journal, read(store).journal_count) == (["a", "b", "c"], 3)


def test_a_push_on_a_journal_that_has_grown_is_refused(store: InstanceStore, claimed: Claimed) -> None:
    """WH-1: an earlier push that arrived late does not pass for the next one, however long both are."""
    mine = claimed()
    assert store.push([push_of(mine, "late")]) == ["ok"]
    assert store.push([push_of(mine, "next")]) == ["lost"]
    assert read(store).journal == ["late"]


def test_a_settle_covers_the_journal_that_it_knows(store: InstanceStore, claimed: Claimed, settle_of: SettleOf) -> None:
    """WH-1: a snapshot that was made without a fact of the journal does not replace it."""
    mine = claimed()
    assert store.push([push_of(mine, "late")]) == ["ok"]
    assert store.settle([settle_of(mine, journal_count=0)]) == ["lost"]
    assert store.settle([settle_of(mine, journal_count=1)]) == ["ok"]


def test_a_push_that_skips_facts_is_refused(store: InstanceStore, claimed: Claimed) -> None:
    """WH-1: a journal that is not as the owner thinks is not written to."""
    mine = claimed()
    assert store.push([push_of(mine, "c", count=2)]) == ["lost"]
    assert read(store).journal == []


@pytest.mark.parametrize("wrong", [{"epoch": 0}, {"epoch": 2}, {"owner": "w2"}])
def test_a_write_under_another_fence_is_refused(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, wrong: dict[str, Any]
) -> None:
    """WH-2: epoch and owner must both be those of the claim."""
    mine = claimed()
    before = read(store)
    assert store.push([push_of(mine, "a", **wrong)]) == ["lost"]
    assert store.absorb(push_of(mine, "a", **wrong)) is None
    assert store.settle([settle_of(mine, **wrong)]) == ["lost"]
    assert read(store) == before


def test_a_thawed_owner_is_fenced_off(store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int) -> None:
    """WH-2: who writes after its instance was taken over is told that it lost it, and changes nothing."""
    frozen = claimed()
    store.settle([settle_of(frozen, wake_at=now)])
    store.claim(["one"], "w2", MINUTE, MINUTE)
    before = read(store)
    assert store.push([push_of(frozen, "a")]) == ["lost"]
    assert store.settle([settle_of(frozen)]) == ["lost"]
    assert store.absorb(push_of(frozen)) is None
    assert read(store) == before


def test_an_owner_that_freed_its_lease_writes_no_more(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf
) -> None:
    """WH-2: a step that ends after its pass has settled cannot write behind the snapshot."""
    mine = claimed()
    store.settle([settle_of(mine)])
    assert store.push([push_of(mine, "late")]) == ["lost"]
    assert store.absorb(push_of(mine, "late")) is None
    assert store.settle([settle_of(mine)]) == ["lost"]
    assert read(store).journal == []


def test_an_expired_lease_that_nobody_took_still_writes(
    store: InstanceStore, new: Callable[..., Instance], settle_of: SettleOf
) -> None:
    """WH-2: the fence is the epoch, not the clock: late but alone is not lost."""
    store.create([new()])
    (mine,) = store.claim(["one"], "w1", 0, 0)
    assert store.push([push_of(mine, "a")]) == ["ok"]
    assert store.settle([settle_of(mine)]) == ["ok"]


def test_facts_from_outside_stop_push_and_settle(store: InstanceStore, claimed: Claimed, settle_of: SettleOf) -> None:
    """WH-17: a pause, cancel or event that came in between is seen before anything else is written."""
    mine = claimed()
    store.send("one", InboxEntry("e1", "pause"))
    assert store.push([push_of(mine, "a")]) == ["inbox"]
    assert store.settle([settle_of(mine)]) == ["inbox"]
    assert (read(store).journal, read(store).state) == ([], None)


def test_absorb_moves_facts_and_inbox_to_the_journal(store: InstanceStore, claimed: Claimed) -> None:
    """WH-17: own facts first, then those from outside in the order of their arrival, in one write."""
    mine = claimed()
    store.push([push_of(mine, "a")])
    store.send("one", InboxEntry("e1", "$x"))
    store.send("one", InboxEntry("e2", '{"$y": 1}'))
    assert store.absorb(push_of(mine, "$b", count=1)) == [InboxEntry("e1", "$x"), InboxEntry("e2", '{"$y": 1}')]
    after = read(store)
    assert (after.journal, after.journal_count, after.inbox) == (["a", "$b", "$x", '{"$y": 1}'], 4, [])
    assert store.push([push_of(mine, "c", count=4)]) == ["ok"]


def test_absorbing_an_empty_inbox_is_a_push(store: InstanceStore, claimed: Claimed) -> None:
    """WH-17: there may be nothing from outside (any more)."""
    mine = claimed()
    assert store.absorb(push_of(mine, "a")) == []
    assert store.absorb(push_of(mine, count=1)) == []
    assert read(store).journal == ["a"]


def test_settle_writes_the_snapshot_and_frees_the_lease(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-10: state, waits, timers, status and outbox are one write; the journal is empty, the lease is free."""
    mine = claimed(history=["h0"], history_count=1)
    store.push([push_of(mine, "a")])
    wait = OpenWait("$w", "event", "pay/wait", "paid", "$k", now)
    entries = [OutboxEntry("o1", "status", '{"$a":1}')]
    settled = settle_of(
        mine,
        state="$state",
        status="FAILED",
        reason={"code": "$c", "message": "m"},
        completed_at=now + 1,
        wake_at=now + 2,
        timer_at=now + 3,
        waits=[wait],
        outbox=entries,
        history=["$h1"],
    )
    assert store.settle([settled]) == ["ok"]
    after = read(store)
    assert (after.state, after.status, after.reason) == ("$state", "FAILED", {"code": "$c", "message": "m"})
    assert (after.started_at, after.completed_at, after.updated_at) == (now, now + 1, now)
    assert (after.wake_at, after.timer_at, after.waits, after.outbox) == (now + 2, now + 3, [wait], entries)
    assert (after.journal, after.journal_count) == ([], 0)
    assert (after.history, after.history_count) == (["h0", "$h1"], 2)
    assert (after.lease_owner, after.lease_until) == ("w1", None)


def test_what_a_settle_leaves_out_is_gone(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf, now: int
) -> None:
    """WH-13: None and empty mean none: timers, waits and reasons of before do not stay."""
    mine = claimed(reason={"code": "old"}, completed_at=now, timer_at=now, waits=[OpenWait("w", "event", "p")])
    assert store.settle([settle_of(mine, started_at=None)]) == ["ok"]
    after = read(store)
    assert (after.reason, after.started_at, after.completed_at) == (None, None, None)
    assert (after.wake_at, after.timer_at, after.waits) == (None, None, [])
    assert store.claim(["one"], "w2", MINUTE, MINUTE) == []


def test_a_settle_may_pin_the_instance_to_another_definition(
    store: InstanceStore, claimed: Claimed, settle_of: SettleOf
) -> None:
    """WH-18: version and fingerprint change with the state, in one write; left out, they stay as they are."""
    mine = claimed()
    assert store.settle([settle_of(mine, keep_lease=True)]) == ["ok"]
    assert (read(store).version, read(store).fingerprint) == ("1.0.0", "f1")
    assert store.settle([settle_of(mine, version="2.0.0", fingerprint="f2")]) == ["ok"]
    assert (read(store).version, read(store).fingerprint) == ("2.0.0", "f2")


def test_a_settle_may_keep_the_lease(store: InstanceStore, claimed: Claimed, settle_of: SettleOf) -> None:
    """WH-21: a long pass settles in between and goes on under the same epoch; outbox and history grow."""
    mine = claimed()
    entries = [OutboxEntry(name, "status", "{}") for name in ("o1", "o2")]
    store.push([push_of(mine, "a")])
    assert store.settle([settle_of(mine, keep_lease=True, outbox=entries[:1], history=["h1"])]) == ["ok"]
    assert read(store).lease_until == mine.lease_until
    assert store.push([push_of(mine, "b", count=0)]) == ["ok"]
    assert store.settle([settle_of(mine, outbox=entries[1:], history=["h2"])]) == ["ok"]
    after = read(store)
    assert (after.outbox, after.history, after.history_count) == (entries, ["h1", "h2"], 2)


def test_a_batch_is_judged_one_by_one(store: InstanceStore, claimed: Claimed, settle_of: SettleOf) -> None:
    """WH-2: one instance that was lost or has news does not stop the others, and each outcome is in its place."""
    batch = [claimed(name) for name in ("a", "b", "c", "d")]
    gone = push_of(claimed("e"))
    store.send("b", InboxEntry("e1", "x"))
    pushes = [push_of(batch[0], "1"), push_of(batch[1], "1"), push_of(batch[2], "1", epoch=9), push_of(batch[3], "1")]
    stranger = Push("unknown", gone.epoch, gone.owner, 0, ["1"])
    assert store.push([*pushes, stranger]) == ["ok", "inbox", "lost", "ok", "lost"]
    settles = [settle_of(batch[0]), settle_of(batch[1]), settle_of(batch[2], epoch=9), settle_of(batch[3])]
    assert store.settle(settles) == ["ok", "inbox", "lost", "ok"]
    assert [read(store, name).state is not None for name in "abcd"] == [True, False, False, True]


def test_a_large_batch_is_written_whole(store: InstanceStore, new: Callable[..., Instance]) -> None:
    """WH-20: a batch larger than one command of the database is still one outcome each."""
    ids = [f"i{number:04d}" for number in range(1100)]
    store.create([new(name) for name in ids])
    batch = store.claim(ids, "w1", MINUTE, 0)
    assert store.push([push_of(instance, "f") for instance in batch]) == ["ok"] * len(ids)
    assert store.push([]) == []
    assert store.settle([]) == []
