"""Events from outside and from workflows: stored before they are delivered, kept for waits that come later (WH-9).

An event is due from its storage (or from its own time, when that lies ahead) until every wait that it matched was told;
the sweeper finds those that are due. Times are milliseconds since the epoch; "now" is the database's clock.

Errors of every method: StoreUnavailableError and AmbiguousWriteError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``time`` is the event's own time; ``data`` JSON text, or a reference to a blob as JSON text. ``digest`` is that of
    what was published, to tell a repetition from another event under the same id. ``due_at`` None = delivered.
    """

    id: str
    tenant: str = "default"
    name: str
    key: str = ""
    time: int
    data: str = "null"
    source: str | None = None
    digest: str = ""
    created_at: int
    due_at: int | None = None
    expires_at: int


class EventStore(Protocol):
    def put(self, event: StoredEvent) -> StoredEvent | None:
        """Insert; for an id that exists already nothing is changed and the existing one is answered, else None."""
        ...

    def get(self, event_id: str) -> StoredEvent | None: ...

    def delivered(self, event_id: str) -> None:
        """Every wait that matched was told: no longer due."""
        ...

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        """(id, dueAt, tenant) of the events that are due within that time, the earliest first; ``after`` is (dueAt, id)
        of the last one of the page before.
        """
        ...

    def find(  # noqa: PLR0917 - what an event is found by, and a page
        self,
        tenant: str,
        name: str,
        keys: Sequence[str] | None,
        since: int,
        until: int,
        limit: int,
        after: tuple[int, str] | None = None,
    ) -> list[StoredEvent]:
        """Events of that name, with one of ``keys`` (None: any key that does not begin with ``@``, which are signals),
        whose time is from ``since`` to ``until``, ordered by (time, id); ``after`` as the last one of the page before.
        """
        ...

    def mark_consumed(self, instance_id: str, events: Mapping[str, int], expires_at: int) -> None:
        """Remember that the instance consumed these (event id → number of the record); safe to repeat."""
        ...

    def consumed(self, instance_id: str, event_ids: Sequence[str]) -> dict[str, int]:
        """Those among ``event_ids`` that were marked for the instance, with their numbers."""
        ...
