"""ExecutionLog whose requests and reasons are sealed: they hold start data. Ids, times and statuses stay plain."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.executions import Execution, ExecutionLog, ExecutionPage, ExecutionQuery, Kind

CONTEXT = "execution"


class SealedExecutions:
    def __init__(self, inner: ExecutionLog, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def claim(self, executions: Sequence[Execution]) -> set[str]:
        return self._inner.claim([self._sealed(one) for one in executions])

    def get(self, execution_id: str) -> Execution | None:
        found = self._inner.get(execution_id)
        return None if found is None else self._opened(found)

    def known(self, ids: Sequence[str], *, without: Kind | None = None) -> set[str]:
        return self._inner.known(ids, without=without)

    def update(self, execution: Execution) -> bool:
        return self._inner.update(self._sealed(execution))

    def due(self, until: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        return self._inner.due(until, limit, after)

    def queued(self, tenant: str, schedule_id: str, limit: int, *, without: Kind | None = None) -> list[str]:
        return self._inner.queued(tenant, schedule_id, limit, without=without)

    def soonest(self, tenant: str, begin: int, end: int) -> int | None:
        return self._inner.soonest(tenant, begin, end)

    def _sealed(self, execution: Execution) -> Execution:
        return self._each(execution, self._sealer.seal)

    def _opened(self, execution: Execution) -> Execution:
        return self._each(execution, self._sealer.open)

    @staticmethod
    def _each(execution: Execution, turn: Callable[[str, str], str]) -> Execution:
        """A reason may quote the data with which a start was refused."""
        reason = turn(execution.reason, CONTEXT) if execution.reason else ""
        request = None if execution.request is None else turn(execution.request, CONTEXT)
        return replace(execution, reason=reason, request=request)

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ExecutionQuery) -> ExecutionPage:
        page = self._inner.list(query)
        return replace(page, executions=[self._opened(one) for one in page.executions])
