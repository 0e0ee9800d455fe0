"""The time zones whose clocks change in a year, one of those that change alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

Changes = tuple[tuple[datetime, timedelta, timedelta], ...]


@cache
def changing_zones(year: int) -> dict[str, Changes]:
    """The changes of each: the first minute after it in UTC, the offsets before and after."""
    found: dict[Changes, str] = {}
    for name in sorted(available_timezones()):
        changes = changes_of(ZoneInfo(name), year)
        if changes and name != "localtime":
            found.setdefault(changes, name)
    return {name: changes for changes, name in found.items()}


def changes_of(zone: ZoneInfo, year: int) -> Changes:
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    offsets = [_offset(day, zone) for day in days]
    return tuple(
        (_first_minute(days[number - 1], zone), offsets[number - 1], offsets[number])
        for number in range(1, len(days))
        if offsets[number] != offsets[number - 1]
    )


def _first_minute(day: datetime, zone: ZoneInfo) -> datetime:
    low, high = 0, 24 * 60
    before = _offset(day, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(day + timedelta(minutes=middle), zone) == before else (low, middle)
    return day + timedelta(minutes=high)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
