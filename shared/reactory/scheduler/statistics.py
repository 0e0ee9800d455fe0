"""The scheduler in numbers (SC-12, WR-10), from what is stored: the same after any restart."""

from __future__ import annotations

from msgspec.structs import replace

from reactory.runner.services import Services
from reactory.scheduler.answers import SchedulerStatistics
from reactory.scheduler.fire import DAY_MS
from reactory.scheduler.tick import AHEAD_MS
from reactory.scheduler.view import statistics_view


def statistics(services: Services, tenant: str = "default") -> SchedulerStatistics:
    now = services.clock.now()
    totals = services.schedules.totals(tenant, now // DAY_MS)
    soonest = services.executions.soonest(tenant, now, now + AHEAD_MS)  # claimed already, so no schedule's next one
    if soonest is not None and (totals.next_at is None or soonest < totals.next_at):
        totals = replace(totals, next_at=soonest)
    return statistics_view(totals)
