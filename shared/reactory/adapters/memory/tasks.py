"""TaskStore in memory. The clock given is the "database's clock"."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from msgspec.structs import replace

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.ports.clock import Clock
from reactory.ports.tasks import TaskPage, TaskQuery, WorkItem

_SORT = "createdAt"


class MemoryTasks:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._items: dict[str, WorkItem] = {}

    def open(self, items: Sequence[WorkItem]) -> None:
        with self._lock:
            for item in items:
                self._items.setdefault(item.id, item)

    def assign(self, item_id: str, assignee: str | None) -> None:
        with self._lock:
            item = self._items.get(item_id)
            if item is not None and not item.closed:
                self._items[item_id] = replace(item, assignee=assignee)

    def close(self, ids: Sequence[str]) -> None:
        with self._lock:
            for item_id in ids:
                if item_id in self._items:
                    self._items[item_id] = replace(self._items[item_id], closed=True)

    def get(self, item_id: str) -> WorkItem | None:
        with self._lock:
            return self._items.get(item_id)

    def take(self, tenant: str, name: str, worker: str, lease_ms: int, count: int) -> list[WorkItem]:
        with self._lock:
            now = self._clock.now()
            free = [item for item in self._open(tenant) if _is_for_workers(item, name) and _is_free(item, now)]
            free.sort(key=lambda item: (-item.priority, *_key(item)))
            return [self._give(item, worker, now + _silence(item, lease_ms)) for item in free[:count]]

    def extend(self, item_id: str, takes: int, lease_ms: int) -> bool:
        with self._lock:
            item = self._items.get(item_id)
            if item is None or item.closed or item.worker is None or item.takes != takes:
                return False
            self._items[item_id] = replace(item, lease_until=self._clock.now() + _silence(item, lease_ms))
            return True

    def _open(self, tenant: str) -> list[WorkItem]:
        return [item for item in self._items.values() if item.tenant == tenant and not item.closed]

    def _give(self, item: WorkItem, worker: str, until: int) -> WorkItem:
        self._items[item.id] = replace(item, worker=worker, takes=item.takes + 1, lease_until=until)
        return self._items[item.id]

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: TaskQuery) -> TaskPage:
        with self._lock:
            matching = sorted((item for item in self._open(query.tenant) if _matches(item, query)), key=_key)
        rest = matching
        if query.cursor is not None:
            position = decode_cursor(query.cursor, _SORT)
            rest = [item for item in matching if _key(item) > (position.created_at, position.instance_id)]
        shown = rest[: query.limit]
        more = len(rest) > query.limit
        cursor = encode_cursor(Position(_SORT, *_key(shown[-1]))) if more else None
        return TaskPage(shown, cursor, len(matching))


def _is_for_workers(item: WorkItem, name: str) -> bool:
    return item.kind == "activity" and item.name == name


def _is_free(item: WorkItem, now: int) -> bool:
    return item.lease_until is None or item.lease_until <= now


def _silence(item: WorkItem, lease_ms: int) -> int:
    """How long a worker that has it may be silent."""
    return lease_ms if item.heartbeat_ms is None else item.heartbeat_ms


def _matches(item: WorkItem, query: TaskQuery) -> bool:
    wanted = (
        (query.kind, item.kind),
        (query.name, item.name),
        (query.assignee, item.assignee),
        (query.instance_id, item.instance_id),
        (query.workflow_id, item.workflow_id),
    )
    return all(value is None or value == actual for value, actual in wanted)


def _key(item: WorkItem) -> tuple[int, str]:
    return item.created_at, item.id
