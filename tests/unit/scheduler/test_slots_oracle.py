"""The slots of a year in every time zone whose clocks change, against a walk through every tick of it (SC-3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactory.scheduler.slots import next_slot, slots_between
from tests.unit.scheduler.oracle import Matches, matcher, slots, walk
from tests.unit.scheduler.schedules import cron, ms
from tests.unit.scheduler.zones import changes_of, changing_zones

HOUR = timedelta(hours=1)
SIX_HOURS = 6 * HOUR
QUARTER = 900
SPARSE = {
    expression: Matches(expression, QUARTER)
    for expression in ("30 1 * * *", "30 2 * * *", "0 0 * * *", "15 2 L * *", "45 23 * * FRI#2", "0 3 1 * SUN")
}
DENSE = ("0 * * * *", "*/15 * * * *", "*/7 1-3 * * *", "59 * * * *")
BY_MINUTE = {expression: Matches(expression, 60) for expression in DENSE}
BY_HALF_MINUTE = {expression: Matches(expression, 30) for expression in DENSE}
SECONDS = {expression: Matches(expression, 10) for expression in ("*/10 * * * * *", "30 */5 * * * *")}

HISTORY = [
    ("Pacific/Apia", 2011),
    ("America/Sao_Paulo", 2018),
    ("Africa/Casablanca", 2012),
    ("America/Caracas", 2007),
    ("Asia/Pyongyang", 2018),
    ("Africa/Monrovia", 1972),
    ("Antarctica/Troll", 2025),
    ("Europe/Dublin", 1971),
    ("Asia/Kathmandu", 1985),
]
"""A day left out, midnight left out, four changes in a year, half hours, 44.5 minutes, winter as the exception."""


def compare(zone: str, expression: str, times: Matches, *, start: datetime, end: datetime, step: int) -> None:
    expected = slots(_walked(zone, start, end, step), times)
    assert slots_between(cron(expression, zone), ms(start) - 1, ms(end) - 1, len(expected) + 1) == expected


@cache
def _walked(zone: str, start: datetime, end: datetime, step: int) -> list[tuple[int, range]]:
    return list(walk(ZoneInfo(zone), start, end, step))


def test_a_year_in_every_zone_that_changes() -> None:
    """SC-3: daily, monthly and yearly schedules of 2025. Ticks are quarters of an hour, as all offsets are."""
    zones = changing_zones(2025)
    assert len(zones) > 20
    for zone in zones:
        start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
        walked = list(walk(ZoneInfo(zone), start, end, QUARTER))
        for expression, times in SPARSE.items():
            found = slots_between(cron(expression, zone), ms(start) - 1, ms(end) - 1, 1000)
            assert found == slots(walked, times), (zone, expression)


def test_every_minute_around_every_change() -> None:
    """SC-3: hourly schedules and more frequent ones, six hours before and after each change of 2025, minute by minute."""
    for zone, changes in changing_zones(2025).items():
        for change, _, _ in changes:
            for expression, times in BY_MINUTE.items():
                compare(zone, expression, times, start=change - SIX_HOURS, end=change + SIX_HOURS, step=60)


@pytest.mark.parametrize(("zone", "year"), HISTORY)
def test_changes_out_of_the_ordinary(zone: str, year: int) -> None:
    """SC-3: the same for changes that were stranger than an hour of summer."""
    changes = changes_of(ZoneInfo(zone), year)
    assert changes
    for change, _, _ in changes:
        start, end = change - timedelta(hours=26), change + timedelta(hours=26)
        for expression, times in BY_HALF_MINUTE.items():
            compare(zone, expression, times, start=start, end=end, step=30)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Australia/Lord_Howe", "Antarctica/Troll", "America/St_Johns"])
def test_seconds_around_changes(zone: str) -> None:
    """SC-2, SC-3: the same with seconds, every ten of them."""
    for change, _, _ in changes_of(ZoneInfo(zone), 2025):
        for expression, times in SECONDS.items():
            compare(zone, expression, times, start=change - HOUR, end=change + 3 * HOUR, step=10)


def _field(low: int, high: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    value = (
        st.one_of(st.integers(low, high).map(str), st.sampled_from(names)) if names else st.integers(low, high).map(str)
    )
    span = st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda pair: "-".join(map(str, sorted(pair))))
    step = st.tuples(st.one_of(st.just("*"), span), st.integers(1, 6 if high == 7 else high - low)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    return st.one_of(st.just("*"), st.lists(st.one_of(value, span, step), min_size=1, max_size=3).map(",".join))


_DAY = st.one_of(_field(1, 31), st.sampled_from(["L", "15,L", "1,L"]))
_NAMED = ("SUN", "WED", "SAT")
_WEEKDAY = st.one_of(
    _field(0, 7, _NAMED), st.sampled_from(["FRI#2", "1#1,3#5", "SUNL", "5L,MON", "TUE#4,SAT", "0#1", "7#2"])
)
_MONTH = _field(1, 12, ("JAN", "DEC"))
_EXPRESSION = st.tuples(_field(0, 59), _field(0, 23), _DAY, _MONTH, _WEEKDAY).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.data(), _EXPRESSION)
def test_any_expression_around_any_change(data: st.DataObject, expression: str) -> None:
    """SC-2, SC-3: whatever the expression, its slots are those of the walk."""
    zone = data.draw(st.sampled_from(sorted(changing_zones(2025))))
    change, _, _ = data.draw(st.sampled_from(changing_zones(2025)[zone]))
    fields = expression.split()
    expression = " ".join([*fields[:2], *(fields[2:] if data.draw(st.booleans()) else ["*", "*", "*"])])
    if _is_possible(expression):
        compare(zone, expression, Matches(expression), start=change - SIX_HOURS, end=change + SIX_HOURS, step=60)


@settings(max_examples=60, deadline=None)
@given(_DAY, _MONTH, _WEEKDAY)
def test_any_days(day: str, month: str, weekday: str) -> None:
    """SC-2: the days of an expression, in two years of which one is a leap year."""
    expression = f"0 0 {day} {month} {weekday}"
    if _is_possible(expression):
        start, end = datetime(2023, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)
        compare("UTC", expression, Matches(expression, 86_400), start=start, end=end, step=86_400)


def _is_possible(expression: str) -> bool:
    """Whether it ever fires: days of the week come in every month, days of the month are looked for in a leap year."""
    _, _, day, month, weekday = expression.split()
    if weekday not in {"*", "*/1"}:
        return True
    matches = matcher(f"0 0 {day} {month} *")
    return any(matches(datetime(2024, 1, 1) + timedelta(days=number)) for number in range(366))  # noqa: DTZ001 - local


@settings(max_examples=30, deadline=None)
@given(_EXPRESSION, st.integers(1_700_000_000_000, 1_800_000_000_000))
def test_next_is_the_first_of_those_that_follow(expression: str, after: int) -> None:
    """SC-6: asking for the next slot again and again gives the slots of the range."""
    if not _is_possible(expression):
        return
    of = cron(expression, "Europe/Paris")
    found: list[int] = []
    for _ in range(5):
        slot = next_slot(of, found[-1] if found else after)
        assert slot is not None
        found.append(slot)
    assert found == slots_between(of, after, found[-1], 100)
