"""GET /workflow/status: the runner's numbers, and those of the components that it does not know (WR-10)."""

from __future__ import annotations

from reactory.runner.answers import StatusAnswer
from reactory.scheduler.answers import SchedulerStatistics


class SystemStatus(StatusAnswer, frozen=True):
    """The system's state in numbers."""

    scheduler: SchedulerStatistics


def with_components(status: StatusAnswer, scheduler: SchedulerStatistics) -> SystemStatus:
    fields = {name: getattr(status, name) for name in status.__struct_fields__}
    return SystemStatus(**fields, scheduler=scheduler)
