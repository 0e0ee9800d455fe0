"""One field of a cron expression: what may stand in it, and the values that it means (SC-2).

An item of a field is ``*``, ``5``, ``1-5``, each with ``/2`` behind it for every second value, or a name where the field
has names. The day of month also takes ``L``, the last one; the day of week ``5L``, the month's last Friday, and ``5#2``,
its second Friday. Items are joined by commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LAST = "L"
_SUNDAY_AGAIN = ("7", "07")

_ITEM = re.compile(r"(?P<first>\*|[0-9]{1,4}|[A-Z]{3})(?:-(?P<last>[0-9]{1,4}|[A-Z]{3}))?(?:/(?P<step>[0-9]{1,4}))?\Z")
_NTH = re.compile(r"(?P<day>[0-9]|[A-Z]{3})#(?P<nth>[0-9]{1,2})\Z")
_LAST_DAY = re.compile(r"(?:(?P<day>[0-9]|[A-Z]{3})L|L(?P<same>[0-9]|[A-Z]{3}))\Z")
_MAX_SHOWN = 30


class CronFieldError(ValueError):
    """A field that cannot be read; the message names it, says what is wrong and what may stand there."""


@dataclass(frozen=True, slots=True)
class Values:
    """What a field means. ``free`` is a field that is left open: ``*``, or ``?`` for a day.

    ``last`` is ``L`` of the day of month; ``nth`` are pairs of a day of week and 1 to 5 or ``L``.
    """

    plain: tuple[int, ...]
    free: bool = False
    last: bool = False
    nth: tuple[tuple[int, int | str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CronField:
    """``names`` are in capitals. ``around`` is a number that stands for another: 7 is Sunday as well as 0."""

    title: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)
    around: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_day(self) -> bool:
        return self in (DAY_OF_MONTH, DAY_OF_WEEK)

    def read(self, text: str) -> Values:
        """Raises CronFieldError."""
        written = text.upper()
        if written == "*" or (written == "?" and self.is_day):
            return Values(tuple(range(self.low, self.high + 1)), free=True)
        plain: set[int] = set()
        nth: dict[tuple[int, int | str], None] = {}
        last = False
        for item in written.split(","):
            if self is DAY_OF_MONTH and item == LAST:
                last = True
            elif self is DAY_OF_WEEK and (match := _NTH.match(item)):
                nth[self._value(match["day"]), self._nth(match["nth"])] = None
            elif self is DAY_OF_WEEK and (match := _LAST_DAY.match(item)):
                nth[self._value(match["day"] or match["same"]), LAST] = None
            else:
                plain.update(self._item(item))
        return Values(tuple(sorted(plain)), free=written == "*/1", last=last, nth=tuple(nth))

    def _item(self, item: str) -> Iterator[int]:
        match = _ITEM.match(item)
        if match is None or (match["first"] == "*" and match["last"]):
            raise self._wrong(self._unreadable(item))
        step = self._step(match["step"])
        if match["first"] == "*":
            yield from range(self.low, self.high + 1, step)
            return
        first, span = self._span(match["first"], match["last"], open_end=match["step"] is not None)
        for distance in range(0, span + 1, step):
            yield self.low + (first - self.low + distance) % (self.high - self.low + 1)

    def _span(self, first: str, last: str | None, *, open_end: bool) -> tuple[int, int]:
        """The first value, and how far it is to the last one; a range may go past the end, as FRI-MON does."""
        start = self._value(first)
        if last is None:
            return start, self.high - start if open_end else 0
        size = self.high - self.low + 1
        end = self._value(last)
        if last in _SUNDAY_AGAIN and first not in _SUNDAY_AGAIN and start == end:  # 0-7 is the whole week
            return start, size - 1
        return start, (end - start) % size

    def _value(self, text: str) -> int:
        if text.isdigit():
            number = int(text)
            if number in self.around or self.low <= number <= self.high:
                return self.around.get(number, number)
            raise self._wrong(f"{text} is out of range")
        if text in self.names:
            return self.names[text]
        raise self._wrong(f"{text} is no name here" if self.names else f"{text} is no number")

    def _step(self, text: str | None) -> int:
        if text is None:
            return 1
        size = self.high - self.low + 1
        if not 1 <= int(text) < size:
            raise self._wrong(f"/{text} is no step: from 1 to {size - 1}, counted anew in every {self._cycle}")
        return int(text)

    def _nth(self, text: str) -> int:
        if not 1 <= int(text) <= 5:
            raise self._wrong(f"#{text} is none of the weeks of a month: from #1 to #5")
        return int(text)

    def _unreadable(self, item: str) -> str:
        if not item:
            return "there is nothing on one side of a comma"
        shown = item if len(item) <= _MAX_SHOWN else item[:_MAX_SHOWN] + "…"
        if self is DAY_OF_WEEK and item == LAST:
            return "L alone is no day: write 5L for the last Friday of the month"
        return f"{shown} cannot be read"

    @property
    def _cycle(self) -> str:
        return _CYCLES[self.title]

    def _wrong(self, said: str) -> CronFieldError:
        return CronFieldError(f"the {self.title}: {said}; {self._allowed()}")

    def _allowed(self) -> str:
        top = max((self.high, *self.around))
        named = f" or {next(iter(self.names))}-{list(self.names)[-1]}" if self.names else ""
        more = {DAY_OF_MONTH.title: ", and L for the last day", DAY_OF_WEEK.title: ", FRI#2 and 5L"}.get(self.title, "")
        return f"it takes {self.low}-{top}{named}, lists as 1,3, ranges as 1-3, steps as */2{more}"


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CYCLES = {
    "second": "minute",
    "minute": "hour",
    "hour": "day",
    "day of month": "month",
    "month": "year",
    "day of week": "week",
}

SECOND = CronField("second", 0, 59)
MINUTE = CronField("minute", 0, 59)
HOUR = CronField("hour", 0, 23)
DAY_OF_MONTH = CronField("day of month", 1, 31)
MONTH = CronField("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)})
DAY_OF_WEEK = CronField("day of week", 0, 6, {name: number for number, name in enumerate(_DAYS)}, {7: 0})
