"""The kinds of field that schedule documents have of their own; the others are in ``definition.fields``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from reactory.definition.codes import INVALID_FIELD
from reactory.definition.duration import MAX_DURATION, parse_duration
from reactory.definition.fields import Check, refusal, text
from reactory.definition.wording import shown
from reactory.exceptions import InvalidRequestError
from reactory.scheduler.cron import parse_cron
from reactory.scheduler.dates import parse_date_time, parse_holiday
from reactory.scheduler.zone import load_zone

MIN_INTERVAL = 1000
MAX_SECONDS = MAX_DURATION // 1000
MAX_JITTER = 86_400

_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]{0,127}\Z")
_NAME = re.compile(r"(?=.*\S)[^\x00]{1,256}\Z", re.DOTALL)


def _parsed(parse: Callable[[str], Any], wanted: str) -> Callable[[Any], Any]:
    """The text as it is, when ``parse`` takes it."""

    def accept(value: Any) -> Any:
        if not isinstance(value, str):
            raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give {wanted}")
        try:
            parse(value)
        except InvalidRequestError as error:
            raise refusal(INVALID_FIELD, error.message) from error
        return value

    return accept


def _seconds(low: int, high: int) -> Check:
    """A number of seconds within bounds, with a fraction or without."""

    def accept(value: Any) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give seconds, a number from {low} to {high}")

    return Check(accept, {"type": "number", "minimum": low, "maximum": high})


def _interval(value: Any) -> int:
    """Milliseconds, whatever it was written as."""
    if isinstance(value, str):
        _parsed(parse_duration, "")(value)
    amount = parse_duration(value) if isinstance(value, str) else value
    if isinstance(amount, int) and not isinstance(amount, bool) and MIN_INTERVAL <= amount <= MAX_DURATION:
        return amount
    said = "give milliseconds, or a text such as 30s, 5m, 2h, 1d; at least one second"
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: {said}")


_A_DATE_TIME = "a time such as 2027-01-31T08:00:00Z"

ScheduleId = Annotated[
    str, text(_ID, "an id begins with a letter and goes on with letters, digits, _ . and -, at most 128 in all")
]
ScheduleName = Annotated[str, text(_NAME, "give a name, a text of at most 256 characters")]
CronText = Annotated[
    str, Check(_parsed(parse_cron, 'a cron expression in quotes, like "0 2 * * *"'), {"type": "string"})
]
Interval = Annotated[int, Check(_interval, {"type": ["integer", "string"], "description": "milliseconds, or 5m"})]
DateTime = Annotated[str, Check(_parsed(parse_date_time, _A_DATE_TIME), {"type": "string", "description": "RFC 3339"})]
ZoneName = Annotated[str, Check(_parsed(load_zone, "a time zone such as Europe/Paris"), {"type": "string"})]
Holiday = Annotated[
    str, Check(_parsed(parse_holiday, "a date such as 2026-12-25, or --12-25 for every year"), {"type": "string"})
]
Jitter = Annotated[float, _seconds(0, MAX_JITTER)]
Pause = Annotated[float, _seconds(0, MAX_SECONDS)]
RunTimeout = Annotated[float, _seconds(1, MAX_SECONDS)]
