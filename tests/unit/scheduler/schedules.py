"""Short ways to a schedule, and to times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from reactory.scheduler.document import parse_schedule
from reactory.scheduler.schedule import Schedule

HOUR = 3_600_000
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def document(**timing: Any) -> dict[str, Any]:
    """The least that a document holds, with this under ``schedule``."""
    return {
        "id": "daily-report",
        "name": "Daily report",
        "workflow": {"id": "acme.Report@1.0.0"},
        "schedule": timing or {"cron": "0 2 * * *"},
    }


def schedule(**timing: Any) -> Schedule:
    return parse_schedule(document(**timing))


def cron(expression: str, zone: str = "UTC", **timing: Any) -> Schedule:
    return schedule(cron=expression, timezone=zone, **timing)


def ms(text: str | datetime) -> int:
    """``2025-03-30T01:00Z`` in milliseconds since the epoch."""
    moment = datetime.fromisoformat(text) if isinstance(text, str) else text
    return (moment - EPOCH) // timedelta(milliseconds=1)


def utc(slots: list[int]) -> list[str]:
    """``2025-03-30T01:00``, with the seconds where there are any."""
    moments = [EPOCH + timedelta(milliseconds=slot) for slot in slots]
    return [moment.strftime("%Y-%m-%dT%H:%M" if moment.second == 0 else "%Y-%m-%dT%H:%M:%S") for moment in moments]
