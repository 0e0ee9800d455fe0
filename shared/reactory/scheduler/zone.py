"""Time zones: from the clock on the wall to the instant and back, where clocks are put forward or back (SC-3).

A local time that occurs twice is its first occurrence; one that is skipped is the first instant after the gap. Instants
are milliseconds since the epoch; local times are without a zone and in whole seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from reactory.definition.wording import similar
from reactory.exceptions import InvalidRequestError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)
_SECOND = timedelta(seconds=1)
_NOT_OF_IANA = ("localtime", "posixrules", "Factory", "posix/", "right/")
"""Files beside the zones on some machines: what they mean is up to the machine, or counts leap seconds."""


class Moment(NamedTuple):
    """``skipped``: the local time does not exist, and the instant is that of the end of the gap around it."""

    instant: int
    skipped: bool


def load_zone(name: str) -> ZoneInfo:
    """Raises InvalidRequestError for what is no zone of the IANA database."""
    if not name.startswith(_NOT_OF_IANA):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise InvalidRequestError(f"{name[:60]!r} is no time zone; {_advice(name)}")


def instant_of(local: datetime, zone: ZoneInfo) -> Moment:
    """When the clocks of the zone show this time first, or would have."""
    first = _offset(local.replace(tzinfo=zone, fold=0))
    second = _offset(local.replace(tzinfo=zone, fold=1))
    if second <= first:
        return Moment(_milliseconds(local - first), skipped=False)
    low, high = _seconds(local - second), _seconds(local - first)
    shown = _first(low, high, lambda second: _shown(second, zone) > local)
    return Moment(shown * 1000, skipped=True)


def clock_at(instant: int, zone: ZoneInfo) -> datetime:
    """What the clocks of the zone show at the instant."""
    return _shown(instant // 1000, zone)


def passed_at(instant: int, zone: ZoneInfo) -> datetime:
    """The last local time whose first occurrence is not after the instant: while an hour is repeated, its end."""
    now = (_EPOCH + timedelta(seconds=instant // 1000)).astimezone(zone)
    local = now.replace(tzinfo=None, fold=0)
    if now.fold == 0:
        return local
    before, after = _offset(now.replace(fold=0)), _offset(now)
    high = instant // 1000
    low = high - int((before - after).total_seconds())
    put_back = _first(low, high, lambda second: _offset(_aware(second, zone)) == after)
    return _LOCAL_EPOCH + timedelta(seconds=put_back) + before - _SECOND


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first second in (low, high] that ``holds``, where all after it do and the last one does."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _aware(second: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(seconds=second)).astimezone(zone)


def _shown(second: int, zone: ZoneInfo) -> datetime:
    return _aware(second, zone).replace(tzinfo=None, fold=0)


def _offset(aware: datetime) -> timedelta:
    offset = aware.utcoffset()
    assert offset is not None
    return offset


def _milliseconds(utc: datetime) -> int:
    return (utc - _LOCAL_EPOCH) // timedelta(milliseconds=1)


def _seconds(utc: datetime) -> int:
    return (utc - _LOCAL_EPOCH) // _SECOND


def _advice(name: str) -> str:
    """Zones of the same region, or those whose city is the word that was written."""
    zones = [zone for zone in available_timezones() if not zone.startswith(_NOT_OF_IANA)]
    region = name.partition("/")[0].lower()
    cities = [zone for zone in zones if zone.rpartition("/")[2].lower() == name.rpartition("/")[2].lower()]
    near = sorted(cities)[:3] or similar(name, [zone for zone in zones if zone.lower().startswith(f"{region}/")])
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "write a name of the IANA database, such as Europe/Paris or UTC"
