"""EventStore in memory. The clock given is the "database's clock"."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from reactory.adapters.waits import signalled
from reactory.ports.clock import Clock
from reactory.ports.events import StoredEvent


class MemoryEvents:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._events: dict[str, StoredEvent] = {}
        self._consumed: dict[tuple[str, str], tuple[int, int]] = {}

    def put(self, event: StoredEvent) -> StoredEvent | None:
        with self._lock:
            found = self._events.get(event.id)
            if found is None:
                self._events[event.id] = event
            return found

    def get(self, event_id: str) -> StoredEvent | None:
        with self._lock:
            return self._events.get(event_id)

    def delivered(self, event_id: str) -> None:
        with self._lock:
            if event_id in self._events:
                self._events[event_id] = replace(self._events[event_id], due_at=None)

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        with self._lock:
            until = self._clock.now() + within_ms
            waiting = [
                (event.due_at, event.id, event.tenant)
                for event in self._events.values()
                if event.due_at is not None and event.due_at <= until
            ]
        later = sorted(one for one in waiting if after is None or one[:2] > after)
        return [(event_id, due_at, tenant) for due_at, event_id, tenant in later[:limit]]

    def find(  # noqa: PLR0917 - as the port
        self,
        tenant: str,
        name: str,
        keys: Sequence[str] | None,
        since: int,
        until: int,
        limit: int,
        after: tuple[int, str] | None = None,
    ) -> list[StoredEvent]:
        with self._lock:
            now = self._clock.now()
            found = [
                event
                for event in self._events.values()
                if (event.tenant, event.name) == (tenant, name)
                and (signalled(event.key) is None if keys is None else event.key in keys)
                and since <= event.time <= until
                and event.expires_at > now
                and (after is None or (event.time, event.id) > after)
            ]
        return sorted(found, key=lambda event: (event.time, event.id))[:limit]

    def mark_consumed(self, instance_id: str, events: Mapping[str, int], expires_at: int) -> None:
        with self._lock:
            for event_id, number in events.items():
                self._consumed[instance_id, event_id] = (number, expires_at)

    def consumed(self, instance_id: str, event_ids: Sequence[str]) -> dict[str, int]:
        with self._lock:
            now = self._clock.now()
            marks = {event_id: self._consumed.get((instance_id, event_id)) for event_id in event_ids}
        return {event_id: mark[0] for event_id, mark in marks.items() if mark is not None and mark[1] > now}
