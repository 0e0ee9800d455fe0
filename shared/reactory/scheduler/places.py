"""How many of a schedule's runs may be open when one more begins (SC-7, SC-10)."""

from __future__ import annotations

from reactory.ports.executions import Execution
from reactory.scheduler.schedule import Schedule


def limit(schedule: Schedule, execution: Execution) -> int | None:
    """Places that there are for the run, taken ones included. None: as many as are asked for."""
    if runs_alone(schedule, execution):
        return 1
    return None if schedule.overlap == "allow" else schedule.max_concurrent


def runs_alone(schedule: Schedule, execution: Execution) -> bool:
    """Whether ``skipIfPreviousRunning`` holds for it. It does not for what somebody has asked for."""
    return schedule.conditions.skip_if_previous_running and execution.kind in ("slot", "catch_up")
