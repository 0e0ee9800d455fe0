"""ExecutionLog in memory. The clock given is the "database's clock", by which old executions are gone."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.ports.clock import Clock
from reactory.ports.executions import Execution, ExecutionPage, ExecutionQuery, Kind

SORT = "-slot"


class MemoryExecutions:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._executions: dict[str, Execution] = {}

    def claim(self, executions: Sequence[Execution]) -> set[str]:
        with self._lock:
            new = {one.id: one for one in executions if self._get(one.id) is None}
            self._executions.update(new)
            return set(new)

    def get(self, execution_id: str) -> Execution | None:
        with self._lock:
            return self._get(execution_id)

    def known(self, ids: Sequence[str], *, without: Kind | None = None) -> set[str]:
        with self._lock:
            return {one for one in ids if (found := self._get(one)) is not None and found.kind != without}

    def update(self, execution: Execution) -> bool:
        with self._lock:
            stored = self._get(execution.id)
            if stored is None or stored.version != execution.version - 1:
                return False
            self._executions[execution.id] = execution
            return True

    def due(self, until: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        with self._lock:
            waiting = sorted(
                (one.attention_at, one.id, one.tenant)
                for one in self._executions.values()
                if one.attention_at is not None and one.attention_at <= until
            )
        later = [one for one in waiting if after is None or one[:2] > after][:limit]
        return [(execution_id, at, tenant) for at, execution_id, tenant in later]

    def queued(self, tenant: str, schedule_id: str, limit: int, *, without: Kind | None = None) -> list[str]:
        with self._lock:
            waiting = sorted(
                (one.slot, one.id)
                for one in self._executions.values()
                if (one.tenant, one.schedule_id, one.status) == (tenant, schedule_id, "queued") and one.kind != without
            )
        return [execution_id for _, execution_id in waiting[:limit]]

    def soonest(self, tenant: str, begin: int, end: int) -> int | None:
        with self._lock:
            coming = [
                one.attention_at
                for one in self._executions.values()
                if (one.tenant, one.status) == (tenant, "claimed")
                and one.attention_at is not None
                and begin <= one.attention_at <= end
            ]
        return min(coming, default=None)

    def _get(self, execution_id: str) -> Execution | None:
        found = self._executions.get(execution_id)
        return None if found is None or found.expires_at <= self._clock.now() else found

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ExecutionQuery) -> ExecutionPage:
        with self._lock:
            now = self._clock.now()
            mine = [
                one
                for one in self._executions.values()
                if (one.tenant, one.schedule_id) == (query.tenant, query.schedule_id) and one.expires_at > now
            ]
        mine.sort(key=lambda one: one.slot, reverse=True)
        if query.cursor is not None:
            begin = decode_cursor(query.cursor, SORT).created_at
            mine = [one for one in mine if one.slot < begin]
        shown = mine[: query.limit]
        cursor = encode_cursor(Position(SORT, shown[-1].slot, shown[-1].id)) if len(mine) > query.limit else None
        return ExecutionPage(shown, cursor)
