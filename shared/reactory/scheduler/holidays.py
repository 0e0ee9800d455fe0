"""The holidays of a schedule: days of its time zone on which no slot is carried out (SC-10)."""

from __future__ import annotations

from reactory.scheduler.dates import is_yearly, parse_holiday
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.zone import clock_at


def holiday_at(schedule: Schedule, slot: int) -> str | None:
    """The holiday that the slot falls on, as the document writes it; None on every other day."""
    today = clock_at(slot, schedule.zone).date()
    for written in schedule.conditions.skip_on_holidays:
        day = parse_holiday(written)
        if day == today or (is_yearly(written) and (day.month, day.day) == (today.month, today.day)):
            return written
    return None
