"""ScheduleStore whose documents are sealed: they hold start data. Ids, times and counters stay plain.

One that cannot be opened is handed over without its document: it stops no other, it can still be looked at, stopped and
deleted, and what is sealed is neither shown nor sealed once more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec.structs import replace

from reactory.adapters.sealing.sealer import Sealer
from reactory.exceptions import SealedUnreadableError
from reactory.ports.schedules import (
    Begin,
    Ending,
    Move,
    SchedulePage,
    ScheduleQuery,
    ScheduleStore,
    StoredSchedule,
    Totals,
)

CONTEXT = "schedule"

_LOG = logging.getLogger("reactory.sealing")


class SealedSchedules:
    def __init__(self, inner: ScheduleStore, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def create(self, schedule: StoredSchedule) -> bool:
        return self._inner.create(self._sealed(schedule))

    def get(self, tenant: str, schedule_id: str) -> StoredSchedule | None:
        found = self._inner.get(tenant, schedule_id)
        return None if found is None else self._left(found)

    def replace(self, schedule: StoredSchedule, revision: int) -> bool:
        return self._inner.replace(self._sealed(schedule), revision)

    def stop(self, tenant: str, schedule_id: str, revision: int, now: int) -> bool:
        return self._inner.stop(tenant, schedule_id, revision, now)

    def assign(self, tenant: str, schedule_id: str, revision: int, source: str, file: str) -> bool:
        return self._inner.assign(tenant, schedule_id, revision, source, file)

    def sources(self, tenant: str) -> Sequence[str]:
        return self._inner.sources(tenant)

    def delete(self, tenant: str, schedule_id: str) -> bool:
        return self._inner.delete(tenant, schedule_id)

    def due(self, until: int, limit: int, after: tuple[int, str, str] | None = None) -> list[StoredSchedule]:
        return [self._left(one) for one in self._inner.due(until, limit, after)]

    def advance(self, moves: Sequence[Move]) -> None:
        self._inner.advance(moves)

    def begin(self, tenant: str, schedule_id: str, run: Begin) -> int | None:
        return self._inner.begin(tenant, schedule_id, run)

    def conclude(self, tenant: str, schedule_id: str, key: str, ending: Ending) -> None:
        self._inner.conclude(tenant, schedule_id, key, ending)

    def totals(self, tenant: str, day: int) -> Totals:
        return self._inner.totals(tenant, day)

    def _sealed(self, schedule: StoredSchedule) -> StoredSchedule:
        return replace(schedule, document=self._sealer.seal(schedule.document, CONTEXT))

    def _opened(self, schedule: StoredSchedule) -> StoredSchedule:
        return replace(schedule, document=self._sealer.open(schedule.document, CONTEXT))

    def _left(self, schedule: StoredSchedule) -> StoredSchedule:
        try:
            return self._opened(schedule)
        except SealedUnreadableError as error:
            _LOG.error("the schedule %s cannot be opened: %s", schedule.id, error.message)
            return replace(schedule, document="")

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ScheduleQuery) -> SchedulePage:
        page = self._inner.list(query)
        return replace(page, schedules=[self._left(one) for one in page.schedules])
