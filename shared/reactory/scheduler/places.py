"""How many of a schedule's runs may be open when one more begins (SC-7, SC-10, SC-13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reactory.ports.executions import Execution, Kind
from reactory.ports.schedules import OpenRun
from reactory.scheduler.schedule import Schedule


class Places(NamedTuple):
    """As many as ``limit``, taken ones included (None: as many as are asked for), among the runs of the kind ``among``
    (None: among all).
    """

    limit: int | None
    among: Kind | None = None

    def counted(self, running: Sequence[OpenRun]) -> list[OpenRun]:
        return [run for run in running if self.among in (None, run.kind)]


def places(schedule: Schedule, execution: Execution) -> Places:
    """Those that there are for the run. Where runs may overlap without bound those of a backfill may not: they would all
    begin at once. There they count by themselves, or they might never come to their turn.
    """
    if runs_alone(schedule, execution):
        return Places(1)
    if schedule.overlap != "allow":
        return Places(schedule.max_concurrent)
    return Places(schedule.max_concurrent, "backfill") if execution.kind == "backfill" else Places(None)


def runs_alone(schedule: Schedule, execution: Execution) -> bool:
    """Whether ``skipIfPreviousRunning`` holds for it. It does not for what somebody has asked for."""
    return schedule.conditions.skip_if_previous_running and execution.kind in ("slot", "catch_up")
