"""From a schedule's document to what is stored of it, and back."""

from __future__ import annotations

import dataclasses
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.exceptions import InvalidScheduleError, ReactoryError, ScheduleNotFoundError, SealedUnreadableError
from reactory.ports.schedules import StoredSchedule
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import next_slot

if TYPE_CHECKING:
    from reactory.ports.schedules import ScheduleStore

API = "api"

_REPAIR = "send the whole document with PUT, or delete the schedule"


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
    """As it was read before it was stored, and stopped if it was stopped without a change of its document. Processes
    remember those that they work with.

    Raises InvalidScheduleError for a document that cannot be read any more, SealedUnreadableError for one whose key is
    missing; both say how it is repaired.
    """
    if not stored.document:
        raise SealedUnreadableError(
            "the stored document is encrypted under a key that is not there, or was changed in the database: "
            f"give the engine the key again, or {_REPAIR}"
        )
    try:
        schedule = _parsed(stored.document)
    except InvalidScheduleError as error:
        said = f"the stored document cannot be read, {_REPAIR}: {error.message}"
        raise InvalidScheduleError(said, error.problems) from error
    return stopped(schedule) if schedule.enabled and not stored.enabled else schedule


def read_schedule(stored: StoredSchedule) -> Schedule | ReactoryError:
    """As ``to_schedule``; why it cannot be read, where it cannot."""
    try:
        return to_schedule(stored)
    except (InvalidScheduleError, SealedUnreadableError) as error:
        return error


def stopped(schedule: Schedule) -> Schedule:
    """The same schedule with ``enabled`` false, in its document too."""
    source = schedule.to_document()
    source["schedule"] = {**source["schedule"], "enabled": False}
    return dataclasses.replace(schedule, enabled=False, source=source)


def document_data(document: str) -> dict[str, Any] | None:
    """What the text says, valid or not; None for what is no object in JSON, such as an encrypted one."""
    try:
        data = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


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
    data = document_data(document)
    if data is None:
        raise InvalidScheduleError("it is damaged, or encrypted while encryption is switched off")
    return parse_schedule(data)
