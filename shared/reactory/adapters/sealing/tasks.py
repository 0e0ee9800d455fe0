"""TaskStore whose details are sealed; names, assignees and paths stay plain."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.tasks import TaskPage, TaskQuery, TaskStore, WorkItem

CONTEXT = "task"


class SealedTasks:
    def __init__(self, inner: TaskStore, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def open(self, items: Sequence[WorkItem]) -> None:
        self._inner.open([replace(item, detail=self._sealer.seal(item.detail, CONTEXT)) for item in items])

    def assign(self, item_id: str, assignee: str | None) -> None:
        self._inner.assign(item_id, assignee)

    def close(self, ids: Sequence[str]) -> None:
        self._inner.close(ids)

    def get(self, item_id: str) -> WorkItem | None:
        found = self._inner.get(item_id)
        return None if found is None else self._opened(found)

    def take(self, tenant: str, name: str, worker: str, lease_ms: int, count: int) -> list[WorkItem]:
        return [self._opened(item) for item in self._inner.take(tenant, name, worker, lease_ms, count)]

    def extend(self, item_id: str, takes: int, lease_ms: int) -> bool:
        return self._inner.extend(item_id, takes, lease_ms)

    def _opened(self, item: WorkItem) -> WorkItem:
        return replace(item, detail=self._sealer.open(item.detail, CONTEXT))

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: TaskQuery) -> TaskPage:
        page = self._inner.list(query)
        return replace(page, items=[self._opened(item) for item in page.items])
