"""ErrorStatistics in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from reactory.adapters.occurrences import CountKey, HourKey, Tally, by_count, by_hour, place, rank
from reactory.ports.statistics import ErrorBucket, ErrorCount, Occurrence


class MemoryErrorStatistics:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[CountKey, Tally] = {}
        self._hours: Counter[HourKey] = Counter()

    def note(self, occurrences: Sequence[Occurrence]) -> None:
        with self._lock:
            for key, new in by_count(occurrences).items():
                known = self._tallies.get(key)
                self._tallies[key] = new if known is None else _together(known, new)
            self._hours.update(by_hour(occurrences))

    def counts(self, tenant: str, workflow_id: str | None, limit: int, after: str | None = None) -> list[ErrorCount]:
        behind = ("", "", "") if after is None else place(after)
        with self._lock:
            found = sorted(
                key for key in self._tallies if key[0] == tenant and workflow_id in {None, key[1]} and key[1:] > behind
            )
            return [_counted(key, self._tallies[key]) for key in found[:limit]]

    def series(self, tenant: str, workflow_id: str | None, since: int, until: int) -> list[ErrorBucket]:
        hours: Counter[tuple[int, str]] = Counter()
        with self._lock:
            for (of_tenant, workflow, at, category), count in self._hours.items():
                if of_tenant == tenant and workflow_id in {None, workflow} and since <= at < until:
                    hours[at, category] += count
        return [ErrorBucket(at, category, count) for (at, category), count in sorted(hours.items())]

    def clear(self, tenant: str, workflow_id: str) -> int:
        with self._lock:
            cleared = [key for key in self._tallies if key[:2] == (tenant, workflow_id)]
            total = sum(self._tallies.pop(key).count for key in cleared)
            for hour in [hour for hour in self._hours if hour[:2] == (tenant, workflow_id)]:
                del self._hours[hour]
        return total


def _together(known: Tally, new: Tally) -> Tally:
    latest = max(known.latest, new.latest, key=rank)
    return Tally(known.count + new.count, min(known.first, new.first), latest)


def _counted(key: CountKey, tally: Tally) -> ErrorCount:
    _, workflow, step, category = key
    latest = tally.latest
    return ErrorCount(
        workflow_id=workflow,
        step_id=step,
        category=category,
        severity=latest.severity,
        count=tally.count,
        first=tally.first,
        last=latest.at,
        type=latest.type,
        code=latest.code,
        message=latest.message,
        instance_id=latest.instance_id,
    )
