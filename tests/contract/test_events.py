"""EventStore: put, get, delivered, due, find, and what instances have consumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reactory.ports.events import EventStore, StoredEvent

MINUTE = 60_000
NewEvent = Callable[..., StoredEvent]


@pytest.fixture
def event(now: int) -> NewEvent:
    """An event ``paid`` with the key ``k`` at time 100, not yet delivered, with whatever fields the test cares for."""

    def build(event_id: str = "e1", **fields: Any) -> StoredEvent:
        values: dict[str, Any] = {
            "name": "paid",
            "key": "k",
            "time": 100,
            "created_at": now,
            "due_at": now,
            "expires_at": now + MINUTE,
        }
        return StoredEvent(id=event_id, **(values | fields))

    return build


def put(events: EventStore, *new: StoredEvent) -> None:
    assert [events.put(one) for one in new] == [None] * len(new)


def found(events: EventStore, keys: list[str] | None = None, since: int = 0, until: int = 1000) -> list[str]:
    return [one.id for one in events.find("default", "paid", keys, since, until, 100)]


def test_an_event_reads_back_as_it_was(events: EventStore, event: NewEvent) -> None:
    """WH-9: it is stored as it was published, every field; what nobody has published is None."""
    whole = event(tenant="acme", data='{"$a": "$b"}', source="shop", digest="d", time=-5, due_at=253_402_300_799_999)
    plain = event("e2", key="", due_at=None)
    put(events, whole, plain)
    assert [events.get("e1"), events.get("e2"), events.get("e3")] == [whole, plain, None]


def test_the_first_of_an_id_stays(events: EventStore, event: NewEvent) -> None:
    """WH-11: publishing is idempotent on the id: the second is shown the first, and changes nothing."""
    first = event(digest="first")
    put(events, first)
    events.delivered("e1")
    again = events.put(event(digest="second"))
    assert again is not None
    assert (again.digest, again.due_at) == ("first", None)
    assert events.get("e1") == again


def test_an_event_is_due_until_it_was_delivered(events: EventStore, event: NewEvent, now: int) -> None:
    """WH-9: what was stored and not told to everybody is found; a future-dated event at its time."""
    put(
        events,
        event("late", due_at=now - 1, tenant="acme"),
        event("early", due_at=now - MINUTE),
        event("future", due_at=now + 10 * MINUTE),
        event("done", due_at=None),
    )
    assert events.due(0, 10) == [("early", now - MINUTE, "default"), ("late", now - 1, "acme")]
    assert [one[0] for one in events.due(20 * MINUTE, 10)] == ["early", "late", "future"]
    events.delivered("early")
    events.delivered("early")
    events.delivered("unknown")
    assert [one[0] for one in events.due(0, 10)] == ["late"]
    kept = events.get("early")
    assert kept is not None
    assert kept.due_at is None


def test_what_is_due_comes_in_pages(events: EventStore, event: NewEvent, now: int) -> None:
    """WH-9: page by page each event once, the earliest first, also where several are due at one time."""
    put(events, *[event(f"e{number}", due_at=now - MINUTE + number // 3) for number in range(7)])
    seen: list[str] = []
    after = None
    while page := events.due(0, 2, after):
        seen += [one[0] for one in page]
        after = (page[-1][1], page[-1][0])
    assert seen == [f"e{number}" for number in range(7)]
    events.delivered("e2")
    assert [one[0] for one in events.due(0, 2, (now - MINUTE, "e2"))] == ["e3", "e4"]


@pytest.mark.parametrize(
    ("keys", "times", "expected"),
    [
        (["k"], (0, 1000), ["a", "b", "d"]),
        (["k", ""], (0, 1000), ["a", "c", "b", "d"]),
        (["k"], (100, 200), ["a", "b"]),
        (["k"], (101, 199), []),
        (["@one"], (0, 1000), ["s"]),
        (["$k"], (0, 1000), []),
        ([], (0, 1000), []),
        (None, (0, 1000), ["a", "c", "b", "x", "d"]),
        (None, (150, 250), ["c", "b"]),
    ],
)
def test_earlier_events_are_found_by_name_key_and_time(
    events: EventStore, event: NewEvent, keys: list[str] | None, times: tuple[int, int], expected: list[str]
) -> None:
    """WH-9: a wait that comes later finds the events of its name and key from its date on, the oldest first; one
    without a key finds those of any key, signals to single instances apart.
    """
    put(
        events,
        event("d", time=400, due_at=None),
        event("b", time=200),
        event("a", time=100),
        event("c", time=150, key=""),
        event("x", time=300, key="A"),
        event("s", time=300, key="@one"),
        event("other", time=100, name="sent"),
    )
    assert found(events, keys, *times) == expected


@pytest.mark.parametrize("keys", [None, ["k", "l"]])
def test_earlier_events_come_in_pages(events: EventStore, event: NewEvent, keys: list[str] | None) -> None:
    """WH-9: page by page each event once, also where several have one time, and never one from before ``since``."""
    put(events, *[event(f"e{number}", time=100 + number // 3, key="kl"[number % 2]) for number in range(8)])
    seen: list[str] = []
    after = None
    while page := events.find("default", "paid", keys, 0, 1000, 2, after):
        seen += [one.id for one in page]
        after = (page[-1].time, page[-1].id)
    assert seen == [f"e{number}" for number in range(8)]
    later = events.find("default", "paid", keys, 102, 1000, 10, (100, "e1"))
    assert [one.id for one in later] == ["e6", "e7"]


def test_an_event_that_has_expired_satisfies_no_wait(events: EventStore, event: NewEvent, now: int) -> None:
    """WH-9: unmatched events are kept for later waits for their time, whether or not the database has deleted them."""
    put(events, event("old", expires_at=now - 1), event("kept"))
    assert [found(events), found(events, ["k"])] == [["kept"], ["kept"]]


def test_the_events_of_another_tenant_are_not_found(events: EventStore, event: NewEvent) -> None:
    """WH-24: an event of one tenant satisfies no wait of another, by key, without one, or as a signal."""
    put(events, event(tenant="acme"), event("e2", tenant="acme", key="@one"))
    assert [found(events, keys) for keys in (None, ["k"], ["@one"])] == [[], [], []]
    assert [one.id for one in events.find("acme", "paid", None, 0, 1000, 10)] == ["e1"]


def test_what_an_instance_has_consumed_is_known(events: EventStore, now: int) -> None:
    """WH-9: an event that one wait of an instance consumed is told, with its number; for that instance only,
    and for its time.
    """
    events.mark_consumed("one", {"e1": 7, "e2": 0}, now + MINUTE)
    events.mark_consumed("two", {"e3": 1}, now + MINUTE)
    events.mark_consumed("two", {}, now + MINUTE)
    events.mark_consumed("one", {"e3": 9}, now - 1)
    assert events.consumed("one", ["e1", "e2", "e3"]) == {"e1": 7, "e2": 0}
    assert events.consumed("two", ["e1"]) == {}
    assert events.consumed("one", []) == {}


def test_marking_again_is_harmless(events: EventStore, now: int) -> None:
    """WH-11: an owner that recovers marks what the one before has marked; the last number counts."""
    events.mark_consumed("one", {"e1": 7}, now + MINUTE)
    events.mark_consumed("one", {"e1": 7, "e2": 8}, now + MINUTE)
    events.mark_consumed("one", {"e2": 9}, now + MINUTE)
    assert events.consumed("one", ["e1", "e2"]) == {"e1": 7, "e2": 9}
