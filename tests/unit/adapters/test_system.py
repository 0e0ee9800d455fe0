"""The system's clock and the ids."""

from __future__ import annotations

import re
import threading

from hypothesis import given
from hypothesis import strategies as st

from reactory.adapters.memory.clock import ManualClock
from reactory.adapters.system import SystemClock, UlidIds

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_an_id_is_a_ulid() -> None:
    """26 characters of Crockford's base 32, safe in URLs and file names."""
    assert ULID.fullmatch(UlidIds(SystemClock()).new())


@given(st.integers(min_value=0, max_value=(1 << 48) - 1))
def test_the_first_ten_characters_are_the_time(millis: int) -> None:
    """The time of creation can be read back, to the millisecond."""
    value = 0
    for character in UlidIds(ManualClock(now=millis)).new()[:10]:
        value = value * 32 + ALPHABET.index(character)
    assert value == millis


def test_ids_of_one_millisecond_ascend() -> None:
    """Within a millisecond the order of the ids is the order of creation."""
    ids = UlidIds(ManualClock())
    made = [ids.new() for _ in range(1_000)]
    assert made == sorted(made)
    assert len(set(made)) == 1_000


def test_later_ids_sort_after_earlier_ones() -> None:
    """Sorting ids as texts sorts them by time."""
    clock = ManualClock()
    ids = UlidIds(clock)
    made = []
    for _ in range(100):
        made.append(ids.new())
        clock.advance(1)
    assert made == sorted(made)


def test_a_clock_turned_back_does_not_disturb_the_order() -> None:
    """NTP may step the clock; the ids of a process go on ascending."""
    clock = ManualClock()
    ids = UlidIds(clock)
    before = ids.new()
    clock.set(clock.now() - 3_600_000)
    assert ids.new() > before


def test_a_full_millisecond_goes_over_into_the_next() -> None:
    """When the random part has no higher value left, the next millisecond is taken."""
    ids = UlidIds(ManualClock(now=5))
    ids.new()
    ids._random = (1 << 80) - 1
    following = ids.new()
    assert following[:10] == "0000000006"


def test_a_forked_process_draws_anew() -> None:
    """A child that inherits its parent's counter does not make its parent's ids."""
    ids = UlidIds(ManualClock())
    ids.new()
    ids._random = 0
    ids._pid -= 1  # as a child finds it
    assert ids.new()[10:] != "0" * 15 + "1"


def test_threads_never_get_the_same_id() -> None:
    """One generator serves all threads of a process."""
    ids = UlidIds(ManualClock())
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend([ids.new() for _ in range(500)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4_000


def test_the_systems_clock_is_in_milliseconds_and_never_goes_back() -> None:
    """Wall time is milliseconds since the epoch, the other clock only ascends."""
    clock = SystemClock()
    assert 1_700_000_000_000 < clock.now() < 10_000_000_000_000
    assert clock.monotonic() <= clock.monotonic()
