"""What a run is started with (SC-11)."""

from __future__ import annotations

import copy
from typing import Any

from reactory.runner.instant import to_text
from reactory.scheduler.schedule import Schedule


def start_data(schedule: Schedule, slot: int, run_count: int) -> dict[str, Any]:
    """The schedule's properties, and beside them what the engine says: ``scheduledAt`` is the slot, in RFC 3339, whenever
    the run begins; ``runCount`` counts from 1. A property of the same name gives way.
    """
    return copy.deepcopy(dict(schedule.properties)) | {
        "scheduledAt": to_text(slot),
        "scheduleId": schedule.id,
        "runCount": run_count,
        "nameSpace": schedule.workflow.name_space,
    }
