"""ErrorStatistics whose messages are sealed, for they may hold what a step was given; what is counted by stays plain."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.statistics import ErrorBucket, ErrorCount, ErrorStatistics, Occurrence

CONTEXT = "error"


class SealedErrorStatistics:
    def __init__(self, inner: ErrorStatistics, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def note(self, occurrences: Sequence[Occurrence]) -> None:
        self._inner.note([replace(one, message=self._sealer.seal(one.message, CONTEXT)) for one in occurrences])

    def counts(self, tenant: str, workflow_id: str | None, limit: int, after: str | None = None) -> list[ErrorCount]:
        found = self._inner.counts(tenant, workflow_id, limit, after)
        return [replace(one, message=self._sealer.open(one.message, CONTEXT)) for one in found]

    def series(self, tenant: str, workflow_id: str | None, since: int, until: int) -> list[ErrorBucket]:
        return self._inner.series(tenant, workflow_id, since, until)

    def clear(self, tenant: str, workflow_id: str) -> int:
        return self._inner.clear(tenant, workflow_id)
