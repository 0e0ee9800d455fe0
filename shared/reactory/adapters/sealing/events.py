"""EventStore whose data are sealed; names, keys, sources and digests stay plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.events import EventStore, StoredEvent

CONTEXT = "event"


class SealedEvents:
    def __init__(self, inner: EventStore, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def put(self, event: StoredEvent) -> StoredEvent | None:
        return self._opened(self._inner.put(replace(event, data=self._sealer.seal(event.data, CONTEXT))))

    def get(self, event_id: str) -> StoredEvent | None:
        return self._opened(self._inner.get(event_id))

    def delivered(self, event_id: str) -> None:
        self._inner.delivered(event_id)

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        return self._inner.due(within_ms, limit, after)

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
        found = self._inner.find(tenant, name, keys, since, until, limit, after)
        return [replace(event, data=self._sealer.open(event.data, CONTEXT)) for event in found]

    def mark_consumed(self, instance_id: str, events: Mapping[str, int], expires_at: int) -> None:
        self._inner.mark_consumed(instance_id, events, expires_at)

    def consumed(self, instance_id: str, event_ids: Sequence[str]) -> dict[str, int]:
        return self._inner.consumed(instance_id, event_ids)

    def _opened(self, event: StoredEvent | None) -> StoredEvent | None:
        return None if event is None else replace(event, data=self._sealer.open(event.data, CONTEXT))
