"""ScheduleStore in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from msgspec.structs import replace

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.ports.schedules import (
    MOST_RUNNING,
    REMEMBERED,
    Begin,
    Ending,
    Move,
    OpenRun,
    SchedulePage,
    ScheduleQuery,
    StoredSchedule,
    Totals,
)

SORT = "scheduleId"
COUNTERS = {"failed": "error_count", "skipped": "skipped_count", "missed": "missed_count"}
KEPT = (
    "created_at",
    "run_count",
    "error_count",
    "missed_count",
    "skipped_count",
    "delay_total",
    "today",
    "today_count",
    "last_run",
    "running",
)
"""What a replacement leaves as it is."""

Key = tuple[str, str]


class MemorySchedules:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._schedules: dict[Key, StoredSchedule] = {}
        self._begun: dict[Key, dict[str, int]] = {}
        self._concluded: dict[Key, list[str]] = {}

    def create(self, schedule: StoredSchedule) -> bool:
        key = (schedule.tenant, schedule.id)
        with self._lock:
            if key in self._schedules:
                return False
            self._schedules[key] = schedule
            self._begun[key] = {}
            self._concluded[key] = []
            return True

    def get(self, tenant: str, schedule_id: str) -> StoredSchedule | None:
        with self._lock:
            return self._schedules.get((tenant, schedule_id))

    def replace(self, schedule: StoredSchedule, revision: int) -> bool:
        key = (schedule.tenant, schedule.id)
        with self._lock:
            stored = self._schedules.get(key)
            if stored is None or stored.revision != revision:
                return False
            self._schedules[key] = replace(schedule, **{name: getattr(stored, name) for name in KEPT})
            return True

    def stop(self, tenant: str, schedule_id: str, revision: int, now: int) -> bool:
        with self._lock:
            stored = self._schedules.get((tenant, schedule_id))
            if stored is None or stored.revision != revision:
                return False
            self._schedules[tenant, schedule_id] = replace(
                stored,
                enabled=False,
                next_at=None,
                backlog_after=None,
                backlog_until=None,
                due_at=None,
                revision=revision + 1,
                updated_at=now,
            )
            return True

    def assign(self, tenant: str, schedule_id: str, revision: int, source: str, file: str) -> bool:
        with self._lock:
            stored = self._schedules.get((tenant, schedule_id))
            if stored is None or stored.revision != revision:
                return False
            moved = replace(stored, source=source, file=file, revision=revision + 1)
            self._schedules[tenant, schedule_id] = moved
            return True

    def sources(self, tenant: str) -> Sequence[str]:
        with self._lock:
            return sorted({one.source for one in self._schedules.values() if one.tenant == tenant})

    def delete(self, tenant: str, schedule_id: str) -> bool:
        with self._lock:
            return self._schedules.pop((tenant, schedule_id), None) is not None

    def due(self, until: int, limit: int, after: tuple[int, str, str] | None = None) -> list[StoredSchedule]:
        with self._lock:
            waiting = sorted(
                (one.due_at, one.tenant, one.id)
                for one in self._schedules.values()
                if one.due_at is not None and one.due_at <= until
            )
            later = [position for position in waiting if after is None or position > after][:limit]
            return [replace(self._schedules[tenant, name], running=()) for _, tenant, name in later]

    def advance(self, moves: Sequence[Move]) -> None:
        with self._lock:
            for move in moves:
                stored = self._schedules.get((move.tenant, move.id))
                if stored is None or (stored.revision, stored.next_at, stored.backlog_after) != (
                    move.revision,
                    move.from_next,
                    move.from_backlog,
                ):
                    continue
                self._schedules[move.tenant, move.id] = replace(
                    stored,
                    next_at=move.next_at,
                    backlog_after=move.backlog_after,
                    backlog_until=move.backlog_until,
                    due_at=move.due_at,
                    missed_count=stored.missed_count + move.missed,
                )

    def begin(self, tenant: str, schedule_id: str, run: Begin) -> int | None:
        with self._lock:
            stored = self._schedules.get((tenant, schedule_id))
            if stored is None:
                return None
            held = next((one.number for one in stored.running if one.key == run.key), None)
            if held is not None:
                return held
            counted = [one for one in stored.running if run.among in (None, one.kind)]
            if run.limit is not None and len(counted) >= run.limit:
                return None
            begun = self._begun[tenant, schedule_id]
            if run.key not in begun:
                stored = _counted(stored, run)
                begun[run.key] = stored.run_count
                _forget(begun)
            opened = OpenRun(run.key, run.execution_id, begun[run.key], run.kind)
            most = MOST_RUNNING if run.limit is None or run.among is not None else run.limit
            self._schedules[tenant, schedule_id] = replace(stored, running=(*stored.running, opened)[-most:])
            return opened.number

    def conclude(self, tenant: str, schedule_id: str, key: str, ending: Ending) -> None:
        with self._lock:
            stored = self._schedules.get((tenant, schedule_id))
            if stored is None:
                return
            left = tuple(one for one in stored.running if one.key != key)
            concluded = self._concluded[tenant, schedule_id]
            changes = {}
            if ending != "done" and key not in concluded:
                concluded.append(key)
                del concluded[:-REMEMBERED]
                changes[COUNTERS[ending]] = getattr(stored, COUNTERS[ending]) + 1
            self._schedules[tenant, schedule_id] = replace(stored, running=left, **changes)

    def totals(self, tenant: str, day: int) -> Totals:
        with self._lock:
            mine = [one for one in self._schedules.values() if one.tenant == tenant]
        return Totals(
            schedules=len(mine),
            active=sum(one.enabled for one in mine),
            runs=sum(one.run_count for one in mine),
            errors=sum(one.error_count for one in mine),
            missed=sum(one.missed_count for one in mine),
            skipped=sum(one.skipped_count for one in mine),
            today=sum(one.today_count for one in mine if one.today == day),
            delay_total=sum(one.delay_total for one in mine),
            last_run=max((one.last_run for one in mine if one.last_run is not None), default=None),
            next_at=min((one.next_at for one in mine if one.next_at is not None), default=None),
        )

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ScheduleQuery) -> SchedulePage:
        with self._lock:
            matching = sorted((one for one in self._schedules.values() if _matches(one, query)), key=_id)
        begin = "" if query.cursor is None else decode_cursor(query.cursor, SORT).instance_id
        rest = [one for one in matching if one.id > begin]
        shown = rest[: query.limit]
        cursor = encode_cursor(Position(SORT, 0, shown[-1].id)) if len(rest) > query.limit else None
        return SchedulePage(shown, cursor, len(matching))


def _id(schedule: StoredSchedule) -> str:
    return schedule.id


def _counted(stored: StoredSchedule, run: Begin) -> StoredSchedule:
    return replace(
        stored,
        run_count=stored.run_count + 1,
        delay_total=stored.delay_total + run.delay,
        today=run.day,
        today_count=stored.today_count + 1 if stored.today == run.day else 1,
        last_run=run.now,
    )


def _forget(begun: dict[str, int]) -> None:
    while len(begun) > REMEMBERED:
        del begun[next(iter(begun))]


def _matches(schedule: StoredSchedule, query: ScheduleQuery) -> bool:
    wanted = (
        (query.tenant, schedule.tenant),
        (query.workflow_id, schedule.workflow_id),
        (query.name_space, schedule.name_space),
        (query.workflow_name, schedule.workflow_name),
        (query.version, schedule.version),
        (query.enabled, schedule.enabled),
        (query.source, schedule.source),
    )
    return all(value is None or value == actual for value, actual in wanted)
