"""Schedules as people manage them: create, look at, change, start and stop, delete (SC-4, SC-14, SC-15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from reactory.exceptions import ConflictError, InvalidRequestError, InvalidScheduleError, ReactoryError
from reactory.ports.executions import ExecutionQuery
from reactory.ports.schedules import ScheduleQuery, StoredSchedule
from reactory.runner.instant import to_text
from reactory.runner.services import Services
from reactory.scheduler.answers import ExecutionList, NextSlots, ScheduleDeleted, ScheduleDetail, ScheduleList
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.merge import merged
from reactory.scheduler.plan import MISFIRE_MS
from reactory.scheduler.runs import Runs
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import next_slot, slots_between
from reactory.scheduler.stored import find_schedule, read_schedule, to_schedule, to_stored
from reactory.scheduler.tick import Tick
from reactory.scheduler.view import detail, execution_view, summary

MOST_NEXT = 100
_FOREVER = 1 << 62
_ROUNDS = 5

Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Unread = Callable[[StoredSchedule, ReactoryError], bool]
"""What is done where the stored document cannot be read, and why it cannot; False: somebody else was faster."""


class ScheduleDesk:
    def __init__(self, services: Services, runs: Runs, ticks: Tick) -> None:
        self._services = services
        self._runs = runs
        self._ticks = ticks

    def create(self, text: str | bytes, *, tenant: str = "default") -> ScheduleDetail:
        """A schedule from a document in YAML or JSON. Raises InvalidScheduleError, ConflictError for an id in use."""
        schedule = parse_schedule(text)
        stored = to_stored(schedule, self._services.clock.now(), tenant=tenant)
        if not self._services.schedules.create(stored):
            raise ConflictError(
                f"there is a schedule {schedule.id!r} already; change it with PUT, or choose another id"
            )
        self._ticks.look(stored)
        return detail(stored, self._services.clock.now(), is_running=False)

    def get(self, schedule_id: str, *, tenant: str = "default") -> ScheduleDetail:
        return self._detail(find_schedule(self._services.schedules, schedule_id, tenant))

    def search(self, query: ScheduleQuery) -> ScheduleList:
        """By id. ``isRunning`` is as far as it has been seen: a run that has just ended may still count."""
        page = self._services.schedules.list(query)
        now = self._services.clock.now()
        return ScheduleList(
            schedules=[summary(one, now, is_running=bool(one.running)) for one in page.schedules],
            next_cursor=page.next_cursor,
            total=page.total,
        )

    def update(self, schedule_id: str, changes: Any, *, tenant: str = "default") -> ScheduleDetail:
        """Merge the changes into the document, deeply; null removes. The id stays. A whole document takes the place of one
        that cannot be read. Raises InvalidScheduleError.
        """
        if not isinstance(changes, Mapping):
            raise InvalidRequestError("the body must be an object with the members of the document that are to change")
        return self._detail(
            self._change(
                schedule_id,
                lambda document: merged(document, changes),
                tenant,
                lambda stored, error: self._replace_unread(stored, changes, error),
            )
        )

    def start(self, schedule_id: str, *, tenant: str = "default") -> ScheduleDetail:
        """Fire from now on; slots that went by while it was stopped are not made up. Raises ConflictError where the
        document cannot be read.
        """
        return self._detail(self._change(schedule_id, _enabled(True), tenant, _not_started))

    def stop(self, schedule_id: str, *, tenant: str = "default") -> ScheduleDetail:
        """Fire no more, slots that are claimed already included. Runs that have begun go on. Also where the document
        cannot be read, which stays as it is.
        """
        return self._detail(self._change(schedule_id, _enabled(False), tenant, self._stop_unread))

    def delete(self, schedule_id: str, *, tenant: str = "default") -> ScheduleDeleted:
        """Runs that have begun go on."""
        find_schedule(self._services.schedules, schedule_id, tenant)
        return ScheduleDeleted(id=schedule_id, deleted=self._services.schedules.delete(tenant, schedule_id))

    def next(self, schedule_id: str, count: int, *, tenant: str = "default") -> NextSlots:
        """The next slots from now, at most ``count``."""
        stored = find_schedule(self._services.schedules, schedule_id, tenant)
        schedule = to_schedule(stored)
        slots = slots_between(schedule, self._services.clock.now(), _FOREVER, count)
        return NextSlots(
            id=stored.id,
            enabled=stored.enabled,
            timezone=schedule.timezone,
            next=[to_text(slot) for slot in slots],
        )

    def executions(self, query: ExecutionQuery) -> ExecutionList:
        """The log, the latest slot first."""
        find_schedule(self._services.schedules, query.schedule_id, query.tenant)
        page = self._services.executions.list(query)
        return ExecutionList(executions=[execution_view(one) for one in page.executions], next_cursor=page.next_cursor)

    def _change(self, schedule_id: str, change: Change, tenant: str, unread: Unread) -> StoredSchedule:
        """Written unless somebody else has changed it meanwhile; then it is looked at anew. ``unread`` is for one whose
        document cannot be read.
        """
        for _ in range(_ROUNDS):
            stored = find_schedule(self._services.schedules, schedule_id, tenant)
            before = read_schedule(stored)
            if isinstance(before, ReactoryError):
                is_done = unread(stored, before)
            else:
                schedule = parse_schedule(dict(change(before.to_document())))
                if schedule.to_document() == before.to_document():
                    return stored
                is_done = self._replace(stored, schedule)
            if is_done:
                return find_schedule(self._services.schedules, schedule_id, tenant)
        raise ConflictError(f"the schedule {schedule_id} changes faster than this request can be applied; try again")

    def _replace(self, stored: StoredSchedule, schedule: Schedule) -> bool:
        new = changed(stored, schedule, self._services.clock.now())
        if not self._services.schedules.replace(new, stored.revision):
            return False
        self._ticks.look(new)
        return True

    def _replace_unread(self, stored: StoredSchedule, document: Mapping[str, Any], error: ReactoryError) -> bool:
        try:
            schedule = parse_schedule(merged({"id": stored.id}, document))
        except InvalidScheduleError as wrong:
            said = f"the stored document cannot be read ({error.code}), so send the whole document: {wrong.message}"
            raise InvalidScheduleError(said, wrong.problems) from wrong
        return self._replace(stored, schedule)

    def _stop_unread(self, stored: StoredSchedule, _error: ReactoryError) -> bool:
        if not stored.enabled:
            return True
        now = self._services.clock.now()
        return self._services.schedules.stop(stored.tenant, stored.id, stored.revision, now)

    def _detail(self, stored: StoredSchedule) -> ScheduleDetail:
        return detail(stored, self._services.clock.now(), is_running=self._runs.is_running(stored))


def changed(stored: StoredSchedule, schedule: Schedule, now: int) -> StoredSchedule:
    """The stored schedule with another document. Slots that were missed before stay to be counted where the new document
    has the same ones, and the old one can be read.
    """
    new = to_stored(schedule, now, tenant=stored.tenant, source=stored.source, file=stored.file)
    new = replace(new, fingerprint=stored.fingerprint, revision=stored.revision + 1)
    old = read_schedule(stored)
    if isinstance(old, ReactoryError):
        return new
    if (old.timing, old.zone, old.starts, old.ends) != (schedule.timing, schedule.zone, schedule.starts, schedule.ends):
        return new
    late = now - MISFIRE_MS
    next_at, after, until = stored.next_at, stored.backlog_after, stored.backlog_until
    if next_at is not None and next_at < late:
        after = next_at - 1 if after is None else after
        until = late - 1
        next_at = next_slot(schedule, until)
    if not new.enabled:
        next_at = None
    elif not stored.enabled:
        next_at = new.next_at
    due_at = next_at if after is None else now
    return replace(new, next_at=next_at, backlog_after=after, backlog_until=until, due_at=due_at)


def _not_started(stored: StoredSchedule, error: ReactoryError) -> bool:
    raise ConflictError(f"{stored.id} cannot be started: {error.message}") from error


def _enabled(value: bool) -> Change:
    def change(document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**document, "schedule": {**document["schedule"], "enabled": value}}

    return change
