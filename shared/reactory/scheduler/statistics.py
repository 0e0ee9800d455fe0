"""The scheduler in numbers (SC-12, WR-10), from what is stored: the same after any restart."""

from __future__ import annotations

from reactory.ports.schedules import ScheduleStore
from reactory.scheduler.answers import SchedulerStatistics
from reactory.scheduler.fire import DAY_MS
from reactory.scheduler.view import statistics_view


def statistics(schedules: ScheduleStore, now: int, tenant: str = "default") -> SchedulerStatistics:
    return statistics_view(schedules.totals(tenant, now // DAY_MS))
