"""The clock and the ids that tests own."""

from __future__ import annotations

import pytest

from reactory.adapters.memory.clock import ManualClock, SequentialIds


def test_time_stands_still_until_it_is_moved() -> None:
    """Both clocks move together, by milliseconds."""
    clock = ManualClock(now=1_000, monotonic=5.0)
    assert (clock.now(), clock.monotonic()) == (1_000, 5.0)
    clock.advance(1_500)
    assert (clock.now(), clock.monotonic()) == (2_500, 6.5)


def test_the_wall_clock_can_be_turned_back() -> None:
    """Skew is seen by ``now`` alone."""
    clock = ManualClock(now=1_000)
    clock.set(10)
    assert (clock.now(), clock.monotonic()) == (10, 0.0)


def test_time_does_not_run_backwards() -> None:
    """A negative step is a mistake of the test."""
    with pytest.raises(ValueError, match="set"):
        ManualClock().advance(-1)


def test_watchers_hear_of_every_move() -> None:
    """Who waits for a moment is told when time has moved."""
    clock = ManualClock(now=0)
    seen: list[int] = []
    clock.watch(lambda: seen.append(clock.now()))
    clock.advance(5)
    clock.set(3)
    assert seen == [5, 3]


def test_sequential_ids_are_readable_and_sorted() -> None:
    """Prefix and number, padded so that they sort."""
    ids = SequentialIds("inst")
    assert [ids.new(), ids.new()] == ["inst-000001", "inst-000002"]
