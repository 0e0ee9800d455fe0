"""The slots of a schedule: time zones, clocks that change, intervals, one time, dates, jitter (SC-3, SC-13)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import jittered, next_slot, slots_between
from tests.unit.scheduler.schedules import DAY, HOUR, cron, ms, schedule, utc

PARIS = "Europe/Paris"  # +01:00; on 2025-03-30 from 02:00 to 03:00, on 2025-10-26 from 03:00 to 02:00


def between(of: Schedule, start: str, end: str) -> list[str]:
    """The slots at or after the start and before the end."""
    return utc(slots_between(of, ms(start) - 1, ms(end) - 1, 10_000))


def test_slots_are_those_of_the_zone() -> None:
    """SC-3: the expression is read on the clock of its time zone, UTC by default."""
    assert utc([next_slot(cron("0 2 * * *"), ms("2025-01-15T00:00Z")) or 0]) == ["2025-01-15T02:00"]
    assert utc([next_slot(cron("0 2 * * *", "Asia/Tokyo"), ms("2025-01-15T00:00Z")) or 0]) == ["2025-01-15T17:00"]


@pytest.mark.parametrize(
    ("expression", "zone", "start", "end", "expected"),
    [
        # the gap of Paris: 01:59 is followed by 03:00, which is 01:00 in UTC
        ("30 2 * * *", PARIS, "2025-03-30T00:00Z", "2025-03-31T00:00Z", ["2025-03-30T01:00"]),
        ("*/15 2 * * *", PARIS, "2025-03-30T00:00Z", "2025-03-31T00:00Z", ["2025-03-30T01:00"]),
        ("30 2,3 * * *", PARIS, "2025-03-30T00:00Z", "2025-03-31T00:00Z", ["2025-03-30T01:00", "2025-03-30T01:30"]),
        ("0 2,3 * * *", PARIS, "2025-03-30T00:00Z", "2025-03-31T00:00Z", ["2025-03-30T01:00"]),
        ("0 * * * *", PARIS, "2025-03-30T00:00Z", "2025-03-30T03:00Z", [f"2025-03-30T0{hour}:00" for hour in range(3)]),
        ("0 4 * * *", PARIS, "2025-03-30T00:00Z", "2025-03-31T00:00Z", ["2025-03-30T02:00"]),
        # the hour that Paris has twice: 00:00 to 01:00 in UTC, and again until 02:00
        ("30 2 * * *", PARIS, "2025-10-26T00:00Z", "2025-10-27T00:00Z", ["2025-10-26T00:30"]),
        ("0 2 * * *", PARIS, "2025-10-26T00:00Z", "2025-10-27T00:00Z", ["2025-10-26T00:00"]),
        ("0 3 * * *", PARIS, "2025-10-26T00:00Z", "2025-10-27T00:00Z", ["2025-10-26T02:00"]),
        ("0 * * * *", PARIS, "2025-10-26T00:00Z", "2025-10-26T03:00Z", ["2025-10-26T00:00", "2025-10-26T02:00"]),
        ("*/30 * * * *", PARIS, "2025-10-26T00:30Z", "2025-10-26T02:30Z", ["2025-10-26T00:30", "2025-10-26T02:00"]),
        # half an hour, at 02:00
        ("15 2 * * *", "Australia/Lord_Howe", "2025-10-04T00:00Z", "2025-10-05T00:00Z", ["2025-10-04T15:30"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2025-04-05T00:00Z", "2025-04-06T00:00Z", ["2025-04-05T14:45"]),
        # the whole of 30 December 2011 does not exist in Apia: 29 December 23:59 is followed by the 31st
        (
            "0 12 * * *",
            "Pacific/Apia",
            "2011-12-29T12:00Z",
            "2012-01-01T00:00Z",
            ["2011-12-29T22:00", "2011-12-30T10:00", "2011-12-30T22:00", "2011-12-31T22:00"],
        ),
        ("0 0 * * *", "Pacific/Apia", "2011-12-30T00:00Z", "2011-12-31T00:00Z", ["2011-12-30T10:00"]),
        # midnight does not exist in São Paulo on 4 November 2018, and exists twice in Havana
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-04T00:00Z", "2018-11-05T00:00Z", ["2018-11-04T03:00"]),
        ("30 0 * * *", "America/Havana", "2025-11-02T00:00Z", "2025-11-03T00:00Z", ["2025-11-02T04:30"]),
        # in Casablanca the clocks go back for Ramadan
        ("30 2 * * *", "Africa/Casablanca", "2025-02-23T00:00Z", "2025-02-24T00:00Z", ["2025-02-23T01:30"]),
        ("30 2 * * *", "Africa/Casablanca", "2025-04-06T00:00Z", "2025-04-07T00:00Z", ["2025-04-06T02:00"]),
    ],
)
def test_clocks_that_change(expression: str, zone: str, start: str, end: str, expected: list[str]) -> None:
    """SC-3: a skipped local time fires once, at the first instant after the gap; one that occurs twice fires once."""
    assert between(cron(expression, zone), start, end) == expected


def test_every_second_around_a_gap_of_a_day() -> None:
    """SC-3: the 86,400 times that Apia skipped are one slot."""
    of = cron("* * * * * *", "Pacific/Apia")
    found = utc(slots_between(of, ms("2011-12-30T09:59:58Z"), ms("2011-12-30T10:00:02Z"), 100))
    assert [slot[-8:] for slot in found] == ["09:59:59", "12-30T10:00"[-8:], "10:00:01", "10:00:02"]


@pytest.mark.parametrize("second", [0, 1, 1799, 3599])
def test_every_second_is_silent_while_an_hour_is_repeated(second: int) -> None:
    """SC-3: what an hour has fired already it does not fire again: nothing happens until it is over."""
    after = ms("2025-10-26T01:00Z") + second * 1000
    assert next_slot(cron("* * * * * *", PARIS), after) == ms("2025-10-26T02:00Z")


def test_next_is_strictly_after() -> None:
    """SC-6: the slot at which a tick happens is not the next one; a millisecond before, it is."""
    of = cron("0 2 * * *")
    slot = ms("2025-01-15T02:00Z")
    assert (next_slot(of, slot - 1), next_slot(of, slot), next_slot(of, slot + 999)) == (slot, slot + DAY, slot + DAY)


def test_between_takes_the_end_and_not_the_start() -> None:
    """SC-13: two ranges beside each other have each slot once."""
    of = cron("0 * * * *")
    start = ms("2025-01-15T02:00Z")
    assert slots_between(of, start, start + 2 * HOUR, 9) == [start + HOUR, start + 2 * HOUR]
    assert slots_between(of, start, start + 9 * HOUR, 2) == [start + HOUR, start + 2 * HOUR]
    assert slots_between(of, start, start, 9) == []


def test_dates_bound_the_slots() -> None:
    """SC-3: nothing before startDate or after endDate; both are included, an endDate without a time as a whole day."""
    of = cron("0 12 * * *", PARIS, startDate="2025-06-01T12:00:00", endDate="2025-06-03")
    assert between(of, "2025-01-01T00:00Z", "2026-01-01T00:00Z") == [
        "2025-06-01T10:00",
        "2025-06-02T10:00",
        "2025-06-03T10:00",
    ]
    assert next_slot(of, ms("2025-06-03T10:00Z")) is None
    exact = cron("0 12 * * *", startDate="2025-06-01T12:00:00Z", endDate="2025-06-02T12:00:00Z")
    assert between(exact, "2025-01-01T00:00Z", "2026-01-01T00:00Z") == ["2025-06-01T12:00", "2025-06-02T12:00"]


def test_times_without_an_offset_are_those_of_the_zone() -> None:
    """SC-3: an offset says which instant is meant; without one the clock of the zone is."""
    assert utc([next_slot(schedule(at="2025-07-01T08:00:00", timezone=PARIS), 0) or 0]) == ["2025-07-01T06:00"]
    assert utc([next_slot(schedule(at="2025-07-01T08:00:00-04:00", timezone=PARIS), 0) or 0]) == ["2025-07-01T12:00"]
    assert utc([next_slot(schedule(at="2025-07-01", timezone=PARIS), 0) or 0]) == ["2025-06-30T22:00"]


def test_one_shot() -> None:
    """SC-3: ``at`` fires once, and then no more."""
    of, at = schedule(at="2025-07-01T08:00:00Z"), ms("2025-07-01T08:00Z")
    assert (next_slot(of, at - 1), next_slot(of, at)) == (at, None)
    assert slots_between(of, 0, at, 9) == [at]


@given(st.integers(0, 4_000_000_000_000), st.integers(1000, 10 * DAY))
def test_intervals_are_the_same_in_every_process(after: int, every: int) -> None:
    """SC-6: intervals are counted from the epoch, so that every process has the same slots; no change of clocks counts."""
    slot = next_slot(schedule(interval=every, timezone=PARIS), after)
    assert slot is not None
    assert slot % every == 0
    assert after < slot <= after + every


def test_intervals_begin_at_the_start_date() -> None:
    """SC-3: with a startDate, it is the first slot and the others are counted from it."""
    of = schedule(interval="90m", startDate="2025-01-01T00:20:00Z")
    assert between(of, "2024-01-01T00:00Z", "2025-01-01T04:00Z") == [
        "2025-01-01T00:20",
        "2025-01-01T01:50",
        "2025-01-01T03:20",
    ]


@given(st.integers(0, 4_000_000_000_000))
def test_jitter_is_the_same_in_every_process(slot: int) -> None:
    """SC-3: the delay is within the jitter, and depends on nothing but the schedule's id and the slot."""
    of = schedule(interval="1m", jitter=2.5)
    assert slot <= jittered(of, slot) <= slot + 2500
    assert jittered(of, slot) == jittered(schedule(interval="2m", jitter=2.5), slot)
    assert jittered(schedule(interval="1m"), slot) == slot


def test_jitter_spreads() -> None:
    """SC-3: the delays of many slots fill the jitter."""
    of = schedule(interval="1m", jitter=60)
    delays = [jittered(of, slot) - slot for slot in range(0, 1000 * 60_000, 60_000)]
    assert min(delays) < 1000
    assert max(delays) > 59_000


def test_nothing_fires_at_the_end_of_time() -> None:
    """SC-3: far from now there is no slot, and no error."""
    assert next_slot(cron("0 0 29 2 *"), ms("9990-01-01T00:00Z")) is None
    assert next_slot(cron("* * * * *"), ms("9990-01-01T00:00Z")) is None
    assert next_slot(cron("* * * * *"), -(10**15)) is not None
