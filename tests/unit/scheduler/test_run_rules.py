"""What belongs to single slots: start data, holidays, missed slots, retries of a start (SC-8, SC-10, SC-11, SC-13)."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.scheduler.document import parse_schedule
from reactory.scheduler.holidays import holiday_at
from reactory.scheduler.missed import made_up
from reactory.scheduler.schedule import Misfire, MisfirePolicy, StartRetry
from reactory.scheduler.start_data import start_data
from tests.unit.scheduler.schedules import document, ms


def test_start_data() -> None:
    """SC-11: properties, and what the engine says beside them and before them."""
    given: dict[str, Any] = {"properties": {"day": "yesterday", "runCount": "mine"}}
    data = start_data(parse_schedule(document() | given), ms("2026-03-01T02:00Z"), 7)
    assert data == {
        "day": "yesterday",
        "scheduledAt": "2026-03-01T02:00:00.000Z",
        "scheduleId": "daily-report",
        "runCount": 7,
        "nameSpace": "acme",
    }


@pytest.mark.parametrize(
    ("moment", "holiday"),
    [
        ("2026-12-25T12:00Z", "2026-12-25"),
        ("2027-12-25T12:00Z", None),
        ("2027-01-01T12:00Z", "--01-01"),
        ("2026-12-24T23:30Z", "2026-12-25"),
        ("2026-12-25T23:30Z", None),
        ("2028-02-29T12:00Z", "--02-29"),
        ("2027-02-28T12:00Z", None),
    ],
)
def test_holidays(moment: str, holiday: str | None) -> None:
    """SC-10: a holiday is a day of the schedule's time zone, of one year or of every year."""
    days = {"conditions": {"skipOnHolidays": ["2026-12-25", "--01-01", "--02-29"]}}
    schedule = parse_schedule(document(cron="0 2 * * *", timezone="Europe/Paris") | days)
    assert holiday_at(schedule, ms(moment)) == holiday


@pytest.mark.parametrize(("policy", "expected"), [("skip", []), ("once", [5000]), ("all", [4000, 5000])])
def test_missed_slots(policy: MisfirePolicy, expected: list[int]) -> None:
    """SC-13: missed slots are left out, made up for once, or all made up for, within the window."""
    assert made_up(Misfire(policy, window_ms=2000), [2000, 3000, 4000, 5000], now=6000) == expected
    assert made_up(Misfire(policy, window_ms=2000), [2000], now=6000) == []


def test_waits_between_attempts() -> None:
    """SC-8: attempts are counted in all; each wait is a multiple of the one before, up to the maximum."""
    retry = StartRetry(attempts=4, delay_ms=10_000, multiplier=3, max_delay_ms=50_000)
    assert [retry.wait_ms(failed) for failed in (1, 2, 3, 4, 5)] == [10_000, 30_000, 50_000, None, None]
    assert StartRetry(attempts=1).wait_ms(1) is None
    assert StartRetry(attempts=10, delay_ms=10**9, multiplier=1000.0).wait_ms(9) == 3_600_000
