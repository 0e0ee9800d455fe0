"""What the memory bus does beyond the contract: the log and the end of a subscription."""

from __future__ import annotations

from reactory.adapters.memory.bus import MemoryBus
from reactory.ports.bus import BusEvent


def event(name: str) -> BusEvent:
    return BusEvent(name, "reactory.workflow", "Change", {}, 0)


def test_the_log_keeps_the_latest_events() -> None:
    """The log is bounded: a stack that runs for days does not fill the memory."""
    bus = MemoryBus(keep=3)
    bus.publish([event(name) for name in "abcde"])
    assert [found.id for found in bus.published()] == ["c", "d", "e"]


def test_subscribers_get_every_event_until_they_leave() -> None:
    """Each subscriber gets each event once; after leaving, which may be repeated, none."""
    bus = MemoryBus()
    first: list[BusEvent] = []
    second: list[BusEvent] = []
    leave = bus.subscribe(first.append)
    bus.subscribe(second.append)
    bus.publish([event("a")])
    leave()
    leave()
    bus.publish([event("b")])
    assert [found.id for found in first] == ["a"]
    assert [found.id for found in second] == ["a", "b"]
