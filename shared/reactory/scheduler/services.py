"""What the scheduler needs from the composition root: what the runner needs, and the stores of schedules."""

from __future__ import annotations

from typing import Protocol

from reactory.ports.executions import ExecutionLog
from reactory.ports.schedules import ScheduleStore
from reactory.runner import services


class Services(services.Services, Protocol):
    """Read-only, so that a frozen dataclass fits."""

    @property
    def schedules(self) -> ScheduleStore: ...
    @property
    def executions(self) -> ExecutionLog: ...
