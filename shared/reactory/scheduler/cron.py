"""Cron expressions: five fields, or six with the seconds first, and the local times that they name (SC-2).

    ┌ second (0-59), may be left out
    │ ┌ minute (0-59)
    │ │ ┌ hour (0-23)
    │ │ │ ┌ day of month (1-31, L)
    │ │ │ │ ┌ month (1-12, JAN-DEC)
    │ │ │ │ │ ┌ day of week (0-7, SUN-SAT; 5#2, 5L)
    0 0 9 * * MON-FRI

Where day of month and day of week are both given, a day that fits either is meant, as POSIX has it
(https://pubs.opengroup.org/onlinepubs/9699919799/utilities/crontab.html).

This file reads the expression field by field, so that a mistake is told with the field's name, and hands croniter lists
of numbers: its own reading takes ``H``, ``R`` and ``5-5`` for something else. Nothing here knows of time zones.
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from reactory.exceptions import InvalidRequestError
from reactory.scheduler.cronfield import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    LAST,
    MINUTE,
    MONTH,
    SECOND,
    CronField,
    CronFieldError,
    Values,
)

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MAX_LENGTH = 1000

_FIELDS = (SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)
_DAYS_OF = {month: 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in range(1, 13)}


@dataclass(frozen=True, slots=True)
class Cron:
    """``text`` is the expression as it was written. ``parts`` are what croniter evaluates: the times are those of any
    part, and no part restricts both kinds of day.
    """

    text: str
    parts: tuple[str, ...]

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The local times after ``moment``, in order, each once, without end. All of them without a zone."""
        times = heapq.merge(*(_times(part, moment) for part in self.parts))
        last = moment
        for time in times:
            if time != last:
                yield time
                last = time


def parse_cron(text: str) -> Cron:
    """Raises InvalidRequestError that names every field that is wrong; also for an expression that never comes true."""
    if len(text) > MAX_LENGTH:
        raise InvalidRequestError(f"the cron expression is longer than {MAX_LENGTH} characters; shorten it")
    written = ALIASES.get(text.strip().lower(), text).split()
    if written and written[0].startswith("@"):
        raise InvalidRequestError(f"{written[0][:40]} is not known: write one of {', '.join(ALIASES)}, or the fields")
    if len(written) not in (5, 6):
        raise InvalidRequestError(
            f"the cron expression has {len(written)} fields: write 5 (minute, hour, day of month, month, day of week), "
            "or 6 with the second first"
        )
    values = _read(written)
    return Cron(text, _parts(values, with_seconds=len(written) == 6))


def _read(written: list[str]) -> dict[CronField, Values]:
    values: dict[CronField, Values] = {SECOND: Values((0,))}
    wrong: list[str] = []
    for place, text in zip(_FIELDS[-len(written) :], written, strict=True):
        try:
            values[place] = place.read(text)
        except CronFieldError as error:
            wrong.append(str(error))
    if wrong:
        raise InvalidRequestError("; ".join(wrong))
    return values


def _parts(values: dict[CronField, Values], *, with_seconds: bool) -> tuple[str, ...]:
    """One expression per way to restrict the days, as numbers, the seconds last as croniter has them by default."""
    by_month, by_week = values[DAY_OF_MONTH], values[DAY_OF_WEEK]
    days: list[tuple[str, str]] = []
    if not by_month.free and (listed := _days_of_month(by_month, values[MONTH])):
        days.append((listed, "*"))
    if not by_week.free and by_week.plain:
        days.append(("*", _numbers(by_week)))
    if by_week.nth:
        days.append(("*", ",".join(f"L{day}" if nth == LAST else f"{day}#{nth}" for day, nth in by_week.nth)))
    if by_month.free and by_week.free:
        days.append(("*", "*"))
    if not days:
        first = min(by_month.plain)
        raise InvalidRequestError(f"it never fires: there is no day {first} in any of the months given; correct one")
    seconds = [_numbers(values[SECOND])] if with_seconds else []
    minute, hour, month = (_numbers(values[place]) for place in (MINUTE, HOUR, MONTH))
    return tuple(" ".join([minute, hour, day, month, weekday, *seconds]) for day, weekday in days)


def _days_of_month(values: Values, months: Values) -> str:
    """Without the days that none of the months has: croniter would look for them for fifty years."""
    longest = max(_DAYS_OF[month] for month in months.plain)
    days = [str(day) for day in values.plain if day <= longest]
    return ",".join([*days, LAST] if values.last else days)


def _numbers(values: Values) -> str:
    return "*" if values.free else ",".join(str(value) for value in values.plain)


def _times(part: str, moment: datetime) -> Iterator[datetime]:
    from croniter import CroniterBadDateError

    times = copy.copy(_croniter(part))  # the copy's place is its own; what was read from the text is shared
    times.set_current(moment)
    while True:
        try:
            time: datetime = times.get_next(datetime)
        except CroniterBadDateError:
            return
        yield time


@lru_cache(maxsize=1024)
def _croniter(part: str) -> Any:
    from croniter import croniter  # late: 50 ms, and only processes that fire or check schedules need it

    return croniter(part, datetime(1970, 1, 1))  # noqa: DTZ001 - a local time, of whatever zone
