"""From a schedule's document to what is stored of it, and back."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from reactory.exceptions import InvalidScheduleError, ScheduleNotFoundError
from reactory.ports.schedules import StoredSchedule
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import next_slot

if TYPE_CHECKING:
    from reactory.ports.schedules import ScheduleStore

API = "api"


def to_stored(schedule: Schedule, now: int, *, tenant: str, source: str = API, file: str = "") -> StoredSchedule:
    """A new schedule. Its first slot is the first one after ``now``; none while it is not enabled.
    Its revision is that of no schedule that had this id before.
    """
    document = msgspec.json.encode(schedule.to_document()).decode()
    next_at = next_slot(schedule, now) if schedule.enabled else None
    return StoredSchedule(
        id=schedule.id,
        tenant=tenant,
        name=schedule.name,
        workflow_id=schedule.workflow.id,
        name_space=schedule.workflow.name_space,
        workflow_name=schedule.workflow.name,
        version=schedule.workflow.version or "",
        document=document,
        fingerprint=document_fingerprint(schedule),
        source=source,
        file=file,
        enabled=schedule.enabled,
        next_at=next_at,
        due_at=next_at,
        revision=now,
        created_at=now,
        updated_at=now,
    )


def to_schedule(stored: StoredSchedule) -> Schedule:
    """As it was read before it was stored. Processes remember those that they work with.

    Raises InvalidScheduleError for a document that cannot be read any more.
    """
    try:
        return _parsed(stored.document)
    except msgspec.DecodeError as error:
        said = "the stored document cannot be read; restore it from a backup, or delete the schedule and create it anew"
        raise InvalidScheduleError(said, []) from error


def document_fingerprint(schedule: Schedule) -> str:
    """The same for documents that say the same, however they are written."""
    return hashlib.sha256(msgspec.json.encode(schedule.to_document(), order="sorted")).hexdigest()


def find_schedule(schedules: ScheduleStore, schedule_id: str, tenant: str) -> StoredSchedule:
    """Raises ScheduleNotFoundError."""
    stored = schedules.get(tenant, schedule_id)
    if stored is None:
        raise ScheduleNotFoundError(
            f"there is no schedule {schedule_id!r}; `reactory schedule list` shows those that exist"
        )
    return stored


@lru_cache(maxsize=20_000)
def _parsed(document: str) -> Schedule:
    return parse_schedule(msgspec.json.decode(document))
