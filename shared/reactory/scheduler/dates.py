"""Dates and times of schedule documents: RFC 3339, where the time zone of the schedule completes what has no offset."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reactory.definition.instant import MAX_INSTANT, parse_instant
from reactory.exceptions import InvalidRequestError
from reactory.scheduler.zone import instant_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_LENGTH = 10
_OFFSET = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z")
_HOLIDAY = re.compile(r"(?:[0-9]{4}|-)-[0-9]{2}-[0-9]{2}\Z")
_LEAP_YEAR = "2000"


def parse_date_time(text: str) -> int:
    """Milliseconds since the epoch, in UTC where the text has no offset. Raises InvalidRequestError."""
    instant = parse_instant(text)
    if not 0 <= instant <= MAX_INSTANT:
        raise InvalidRequestError(f"{text} is before 1970 or after 9999: correct the year")
    return instant


def instant_in(text: str, zone: ZoneInfo, *, whole_day: bool = False) -> int:
    """Milliseconds since the epoch. A time without an offset is a local one, a date alone its first instant, or its last
    when the ``whole_day`` is meant.
    """
    instant = parse_date_time(text)
    is_date = len(text) == _DAY_LENGTH
    if not is_date and _OFFSET.search(text):
        return instant
    local = (_EPOCH + timedelta(milliseconds=instant)).replace(tzinfo=None)
    if is_date and whole_day:
        return instant_of(local + timedelta(days=1), zone).instant - 1
    return instant_of(local, zone).instant


def parse_holiday(text: str) -> date:
    """A date, or ``--12-25`` for that day of every year, which is given as one of the year 2000 (RFC 3339 has no such
    dates; this is the notation of ISO 8601:2000). Raises InvalidRequestError.
    """
    said = f"{text[:40]!r} is no date: write 2026-12-25, or --12-25 for the day in every year"
    if not _HOLIDAY.match(text):
        raise InvalidRequestError(said)
    try:
        return date.fromisoformat(f"{_LEAP_YEAR}{text[1:]}" if is_yearly(text) else text)
    except ValueError as error:
        raise InvalidRequestError(said) from error


def is_yearly(holiday: str) -> bool:
    return holiday.startswith("--")
