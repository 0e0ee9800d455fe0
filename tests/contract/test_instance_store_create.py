"""InstanceStore: create and get."""

from __future__ import annotations

from collections.abc import Callable

from reactory.ports.store import InboxEntry, Instance, InstanceStore, OpenWait, OutboxEntry

New = Callable[..., Instance]


def test_a_created_instance_reads_back_as_it_was(store: InstanceStore, new: New) -> None:
    """WR-6: what was created is readable at once, every field as it was written."""
    whole = new(
        tenant="acme",
        reason={"code": "x", "message": "$not {an: operator}", "stepId": "a.b"},
        priority=4,
        tags=["eu", "vip"],
        parent="root",
        mode="schedule",
        trigger_id="t-1",
        caller="ann",
        correlation_id="c-1",
        request_hash="h",
        timeout=5000,
        started_at=1_700_000_000_001,
        completed_at=253_402_300_799_999,
        input='{"a": 1}',
        state='{"nodes": []}',
        journal=["{}"],
        journal_count=1,
        inbox=[InboxEntry("e1", '{"k":"$v"}')],
        timer_at=1_900_000_000_000,
        root="top",
        depth=2,
        fragment="each",
        waits=[OpenWait("w1", "event", "pay/wait", "paid", "k", 12), OpenWait("w2", "child", "sub")],
        outbox=[OutboxEntry("o1", "status", "{}")],
        history=["{}"],
        history_count=1,
        rules={
            "edition": 2,
            "policies": {"BANK": {"max_attempts": 6, "multiplier": 2.0, "retry_on_errors": ["network"]}},
        },
    )
    assert store.create([whole]) == [None]
    assert store.get("one") == whole


def test_an_instance_with_defaults_reads_back_as_it_was(store: InstanceStore, new: New) -> None:
    """WR-6: what is left out of a stored document comes back as its default."""
    plain = new(wake_at=None)
    store.create([plain])
    assert store.get("one") == plain


def test_an_existing_id_is_answered_and_not_changed(store: InstanceStore, new: New) -> None:
    """WR-13: a second create with the same id changes nothing and answers the first; the new ones are created."""
    store.create([new("one", request_hash="first")])
    answers = store.create([new("zero"), new("one", request_hash="second"), new("two")])
    assert [answer and answer.request_hash for answer in answers] == [None, "first", None]
    assert [one is not None for one in map(store.get, ["zero", "one", "two"])] == [True, True, True]


def test_an_id_twice_in_one_call_is_created_once(store: InstanceStore, new: New) -> None:
    """WR-13: of two creates of one id in one call, the first counts."""
    answers = store.create([new(caller="ann"), new(caller="bob")])
    assert [answer and answer.caller for answer in answers] == [None, "ann"]


def test_creating_nothing_is_no_error(store: InstanceStore) -> None:
    """An empty batch is answered with an empty list."""
    assert store.create([]) == []


def test_an_unknown_instance_is_none(store: InstanceStore) -> None:
    """An id that nobody created has no document."""
    assert store.get("nobody") is None


def test_what_a_caller_changes_does_not_change_the_store(store: InstanceStore, new: New) -> None:
    """CA-2: the store's truth is changed through its methods only."""
    wait = OpenWait("w1", "event", "p", "paid")
    mine = new(tags=["a"], waits=[wait])
    store.create([mine])
    mine.tags.append("b")
    read = store.get("one")
    assert read is not None
    read.waits.clear()
    again = store.get("one")
    assert again is not None
    assert (again.tags, again.waits) == (["a"], [wait])
