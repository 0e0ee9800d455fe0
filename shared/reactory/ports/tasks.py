"""Work that somebody outside does for an instance: user activities and activities of external workers.

The instance's open wait is the truth; an item here is its shadow, made and closed by the instance's outbox, so that it
can be listed, taken and answered. Times are milliseconds since the epoch; "now" is the database's clock.

Errors of every method: StoreUnavailableError and AmbiguousWriteError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

Kind = Literal["user", "activity"]


class WorkItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``id`` is the id of the wait. ``name`` is the activity's name, or the user activity's type. ``detail`` is JSON text:
    parameters, or options, message and form. ``takes`` counts how often a worker has taken it; ``worker`` holds it until
    ``lease_until``. ``due_at`` is when the wait times out. ``heartbeat_ms`` is how long a worker may be silent.
    """

    id: str
    tenant: str = "default"
    kind: Kind
    name: str
    instance_id: str
    workflow_id: str
    path: str
    priority: int = 2
    assignee: str | None = None
    detail: str = "{}"
    created_at: int
    due_at: int | None = None
    heartbeat_ms: int | None = None
    takes: int = 0
    worker: str | None = None
    lease_until: int | None = None
    closed: bool = False


class TaskQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Open items only, the oldest first."""

    tenant: str = "default"
    kind: Kind | None = None
    name: str | None = None
    assignee: str | None = None
    instance_id: str | None = None
    workflow_id: str | None = None
    limit: int = 50
    cursor: str | None = None


class TaskPage(msgspec.Struct, frozen=True):
    """``next_cursor`` None on the last page."""

    items: list[WorkItem]
    next_cursor: str | None
    total: int


class TaskStore(Protocol):
    def open(self, items: Sequence[WorkItem]) -> None:
        """Insert each whose id is not there yet, closed or not: a second call changes nothing."""
        ...

    def assign(self, item_id: str, assignee: str | None) -> None:
        """Hand an open item to somebody else."""
        ...

    def close(self, ids: Sequence[str]) -> None:
        """No longer open. A closed item is kept for a week, so that one who is late neither opens it again nor wonders."""
        ...

    def get(self, item_id: str) -> WorkItem | None:
        """Open or closed."""
        ...

    def take(self, tenant: str, name: str, worker: str, lease_ms: int, count: int) -> list[WorkItem]:
        """Up to ``count`` open activities of that name that nobody holds, or whose holder's lease is over: those of the
        highest priority first, then the oldest. Each is taken by one worker; ``takes`` goes up by one. An item's own
        ``heartbeat_ms`` goes before ``lease_ms``. Answers them as they are then.
        """
        ...

    def extend(self, item_id: str, takes: int, lease_ms: int) -> bool:
        """Renew the lease of who took it as the ``takes``-th; False when it is closed or somebody else has it now.
        An item's own ``heartbeat_ms`` goes before ``lease_ms``.
        """
        ...

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: TaskQuery) -> TaskPage: ...
