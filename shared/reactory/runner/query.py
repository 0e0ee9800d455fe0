"""Looking at instances: one, many, their history, and waiting for one to finish."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.host.history_view import history
from reactory.host.view import summary, view
from reactory.ports.store import HistoryChunk, Instance, InstanceQuery
from reactory.runner.answers import HistoryAnswer, HistoryEntry, InstanceList, InstanceSummary
from reactory.runner.lookup import find_instance, program_of
from reactory.runner.services import Services
from reactory.runner.transitions import FINISHED

if TYPE_CHECKING:
    from reactory.host.definitions import Definitions

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.25
_CHUNKS = 16


class QueryInstances:
    """``sleep`` takes seconds; tests give their own, which turns their clock."""

    def __init__(self, services: Services, programs: Definitions, sleep: Callable[[float], None] = time.sleep) -> None:
        self._services = services
        self._programs = programs
        self._sleep = sleep

    def search(self, query: InstanceQuery) -> InstanceList:
        page = self._services.instances.list(query)
        return InstanceList(
            instances=[msgspec.convert(summary(instance), InstanceSummary) for instance in page.instances],
            next_cursor=page.next_cursor,
            total=page.total,
        )

    def get(self, instance_id: str, tenant: str = "default") -> dict[str, Any]:
        """Everything about one instance as it is now, what is under way included."""
        return self._view(find_instance(self._services.instances, instance_id, tenant))

    def history(self, instance_id: str, *, after: int = -1, limit: int = 100, tenant: str = "default") -> HistoryAnswer:
        """At most ``limit`` records whose sequence number comes after ``after``, in order."""
        instance = find_instance(self._services.instances, instance_id, tenant)
        chunks = self._chunks(instance_id, after, limit + 1)
        program, env = program_of(self._programs, instance), self._services.settings.env
        records = history(instance, chunks, program, self._services.blobs, env)
        later = [record for record in records if record["seq"] > after]
        more = len(later) > limit
        return HistoryAnswer(
            instance_id=instance_id,
            history=msgspec.convert(later[:limit], list[HistoryEntry]),
            next_after=later[limit - 1]["seq"] if more else None,
        )

    def wait_for(self, instance_id: str, seconds: float, tenant: str = "default") -> dict[str, Any]:
        """The instance as soon as it has finished, or as it is when the time is up (IM-2).

        Polls: the store is the only thing that every process sees. Each pause is longer than the last, so that a short
        workflow answers at once and a long one costs little.
        """
        clock = self._services.clock
        end = clock.monotonic() + seconds
        pause = _FIRST_PAUSE
        while True:
            instance = find_instance(self._services.instances, instance_id, tenant)
            left = end - clock.monotonic()
            if instance.status in FINISHED or left <= 0:
                return self._view(instance)
            self._sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _chunks(self, instance_id: str, after: int, wanted: int) -> list[HistoryChunk]:
        """Enough chunks for that many records; each holds at least one, most hold many."""
        chunks: list[HistoryChunk] = []
        while True:
            page = self._services.instances.history(instance_id, after, _CHUNKS)
            chunks += page
            if len(page) < _CHUNKS or sum(len(chunk.records) for chunk in chunks) > wanted + len(chunks[0].records):
                return chunks
            after = page[-1].first + len(page[-1].records) - 1

    def _view(self, instance: Instance) -> dict[str, Any]:
        program = program_of(self._programs, instance)
        return view(instance, program, self._services.blobs, self._services.settings.env)
