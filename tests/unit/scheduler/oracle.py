"""When a schedule fires, found out the slow way: minute after minute, without croniter and without the engine's code.

The clock on the wall is read from ``zoneinfo`` at every step of UTC time. A local time counts when it is seen for the
first time; those that the clock jumps over count at the instant of the jump (SC-3).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone
_LONGEST_REPEAT = 26 * 3600
"""What the clock has shown in so many seconds before the first tick is not new."""


def matcher(expression: str) -> Callable[[datetime], bool]:
    """Whether a local time is one of the expression, with the seconds first if there are six fields."""
    fields = expression.upper().split()
    second, minute, hour, day, month, weekday = fields if len(fields) == 6 else ["0", *fields]

    def matches(time: datetime) -> bool:
        if not (_in(second, time.second, 0, 59) and _in(minute, time.minute, 0, 59) and _in(hour, time.hour, 0, 23)):
            return False
        if not _in(month, time.month, 1, 12, ["", *MONTHS]):
            return False
        by_month, by_week = _day(day, time), _weekday(weekday, time)
        return by_month and by_week if {"*", "*/1"} & {day, weekday} else by_month or by_week

    return matches


def _in(field: str, value: int, low: int, high: int, names: list[str] | None = None) -> bool:
    return any(_item(item, value, low, high, names or []) for item in field.split(","))


def _item(item: str, value: int, low: int, high: int, names: list[str]) -> bool:
    span, _, step = item.partition("/")
    first, _, last = span.partition("-")
    start = low if first == "*" else _number(first, names)
    end = _number(last, names) if last else high if first == "*" or step else start
    return start <= value <= end and (value - start) % int(step or 1) == 0


def _number(text: str, names: list[str]) -> int:
    return names.index(text) if text in names else int(text)


def _day(field: str, time: datetime) -> bool:
    last = calendar.monthrange(time.year, time.month)[1]
    return any((time.day == last) if item == "L" else _item(item, time.day, 1, 31, []) for item in field.split(","))


def _weekday(field: str, time: datetime) -> bool:
    return any(_weekday_item(item, time) for item in field.split(","))


def _weekday_item(item: str, time: datetime) -> bool:
    today = time.isoweekday() % 7
    number = {name: place for place, name in enumerate(DAYS)} | {str(place): place % 7 for place in range(8)}
    if "#" in item:
        day, _, nth = item.partition("#")
        return number[day] == today and (time.day - 1) // 7 + 1 == int(nth)
    if item.endswith("L"):
        return number[item[:-1]] == today and (time + timedelta(days=7)).month != time.month
    return any(_item(item, value, 0, 7, DAYS) for value in ((0, 7) if today == 0 else (today,)))


def walk(zone: ZoneInfo, start: datetime, end: datetime, step: int = 60) -> Iterator[tuple[int, range]]:
    """Every ``step`` seconds of [start, end): the instant in milliseconds, and the local times that are new at it, in
    steps since the epoch: one, none while an hour is repeated, many after a gap.
    """
    first, last = (int(time.timestamp()) // step for time in (start, end))
    seen = _shown(first - 1, zone, step)
    for tick in range(first - _LONGEST_REPEAT // step, last):
        shown = _shown(tick, zone, step)
        if tick >= first:
            yield tick * step * 1000, range(seen + 1, shown + 1)
        seen = max(seen, shown)


def _shown(tick: int, zone: ZoneInfo, step: int) -> int:
    offset = datetime.fromtimestamp(tick * step, zone).utcoffset()
    assert offset is not None
    return (tick * step + offset.days * 86_400 + offset.seconds) // step


class Matches:
    """The local times of an expression in steps since the epoch, remembered: they are the same in every zone."""

    def __init__(self, expression: str, step: int = 60) -> None:
        self._matches = matcher(expression)
        self._known: dict[int, bool] = {}
        self._step = step

    def within(self, ticks: range) -> set[int]:
        for tick in ticks:
            if tick not in self._known:
                self._known[tick] = self._matches(LOCAL_EPOCH + timedelta(seconds=tick * self._step))
        return {tick for tick in ticks if self._known[tick]}


def slots(walked: Sequence[tuple[int, range]], times: Matches) -> list[int]:
    """The instants at which a local time of the expression is new."""
    local = times.within(range(walked[0][1].start, walked[-1][1].stop))
    return [instant for instant, new in walked if not local.isdisjoint(new)]
