"""InstanceStore in memory: a dict and one lock, with the semantics of the MongoDB adapter.

What goes in and comes out is copied, as a database would. The clock given is the "database's clock".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy

from msgspec.structs import replace

from reactory.adapters.memory.copies import bare, copied, without_history
from reactory.adapters.memory.listing import list_instances
from reactory.adapters.waits import matching, signalled
from reactory.ports.clock import Clock
from reactory.ports.store import (
    HistoryChunk,
    InboxEntry,
    Instance,
    InstancePage,
    InstanceQuery,
    Outcome,
    Post,
    Push,
    Settle,
    Waiter,
)


class MemoryInstances:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._instances: dict[str, Instance] = {}
        self._steps: dict[str, dict[int, HistoryChunk]] = {}

    def create(self, instances: Sequence[Instance]) -> list[Instance | None]:
        with self._lock:
            return [self._insert(instance) for instance in instances]

    def get(self, instance_id: str) -> Instance | None:
        with self._lock:
            found = self._instances.get(instance_id)
            return None if found is None else copied(found)

    def count_by_status(self, tenant: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        with self._lock:
            for instance in self._instances.values():
                if instance.tenant == tenant:
                    counts[instance.status] = counts.get(instance.status, 0) + 1
        return counts

    def claim(self, ids: Sequence[str], owner: str, lease_ms: int, horizon_ms: int) -> list[Instance]:
        claimed = []
        with self._lock:
            now = self._clock.now()
            for found in self._known(ids):
                if found.wake_at is None or found.wake_at > now + horizon_ms:
                    continue
                if _live(found, now) and found.lease_owner != owner:
                    continue
                found.epoch += 1
                found.interrupted = found.lease_until is not None
                found.lease_owner, found.lease_until = owner, now + lease_ms
                claimed.append(without_history(found))
        return claimed

    def push(self, batch: Sequence[Push]) -> list[Outcome]:
        with self._lock:
            return [self._push(item) for item in batch]

    def absorb(self, push: Push) -> list[InboxEntry] | None:
        with self._lock:
            found = self._owned(push)
            if found is None or found.journal_count != push.journal_count:
                return None
            entries = [*found.inbox]
            _append(found, [*push.facts, *(entry.fact for entry in entries)])
            found.inbox = []
            return entries

    def settle(self, batch: Sequence[Settle]) -> list[Outcome]:
        with self._lock:
            return [self._settle(item) for item in batch]

    def told(self, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        with self._lock:
            for found in self._known(entries):
                done = set(entries[found.id])
                found.outbox = [entry for entry in found.outbox if entry.id not in done]
                freed = found.lease_owner == owner and found.lease_until is None
                if freed and not found.outbox and not found.inbox:
                    found.wake_at = found.timer_at

    def renew(self, ids: Sequence[str], owner: str, lease_ms: int) -> set[str]:
        with self._lock:
            until = self._clock.now() + lease_ms
            held = [found for found in self._known(ids) if found.lease_owner == owner and found.lease_until is not None]
            for found in held:
                found.lease_until = until
            return {found.id for found in held}

    def send(self, instance_id: str, entry: InboxEntry, statuses: Sequence[str] | None = None) -> Instance | None:
        with self._lock:
            found = self._instances.get(instance_id)
            if found is None or (statuses is not None and found.status not in statuses):
                return None
            if not _holds(found, entry):
                self._deliver(found, entry)
            return copied(found)

    def waiting(  # noqa: PLR0917 - as the port
        self, tenant: str, name: str, key: str, time: int, limit: int, after: str | None = None
    ) -> list[Waiter]:
        only = signalled(key)
        with self._lock:
            waiters = [
                Waiter(found.id, found.priority, waits, found.waits[0].spills)
                for found in self._instances.values()
                if found.tenant == tenant
                and only in (None, found.id)
                and (after is None or found.id > after)
                and (waits := matching(found.waits, name, key, time))
            ]
        return sorted(waiters, key=lambda waiter: waiter.instance_id)[:limit]

    def post(self, batch: Sequence[Post]) -> set[str]:
        with self._lock:
            return {item.instance_id for item in batch if self._post(item)}

    def mail(self, ids: Sequence[str]) -> set[str]:
        with self._lock:
            return {found.id for found in self._known(ids) if found.inbox}

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, int]]:
        with self._lock:
            now = self._clock.now()
            waking = [
                (found.wake_at, found.id, found.priority)
                for found in self._instances.values()
                if found.wake_at is not None and found.wake_at <= now + within_ms and not _live(found, now)
            ]
        later = sorted(one for one in waking if after is None or one[:2] > after)
        return [(instance_id, wake_at, priority) for wake_at, instance_id, priority in later[:limit]]

    def ending(self, within_ms: int, limit: int) -> list[tuple[str, int, int]]:
        with self._lock:
            now = self._clock.now()
            held = [
                (found.wake_at, found.id, found.lease_until - now, found.priority)
                for found in self._instances.values()
                if found.wake_at is not None
                and found.wake_at <= now
                and found.lease_until is not None
                and now < found.lease_until <= now + within_ms
            ]
        return [(instance_id, left, priority) for _, instance_id, left, priority in sorted(held)[:limit]]

    def leased(self, ids: Sequence[str]) -> dict[str, int]:
        with self._lock:
            now = self._clock.now()
            return {
                found.id: found.lease_until - now
                for found in self._known(ids)
                if found.lease_until is not None and found.lease_until > now
            }

    def append_history(self, chunks: Sequence[HistoryChunk]) -> None:
        with self._lock:
            for chunk in chunks:
                stored = self._steps.setdefault(chunk.instance_id, {})
                known = stored.get(chunk.first)
                if known is None or known.epoch <= chunk.epoch:
                    stored[chunk.first] = replace(chunk, records=[*chunk.records])

    def history(self, instance_id: str, after: int, limit: int) -> list[HistoryChunk]:
        with self._lock:
            chunks = sorted(self._steps.get(instance_id, {}).items())
            later = [chunk for first, chunk in chunks if first + len(chunk.records) - 1 > after]
        return [replace(chunk, records=[*chunk.records]) for chunk in later[:limit]]

    def ping(self) -> float:
        started = time.perf_counter()
        with self._lock:
            return (time.perf_counter() - started) * 1000

    def _insert(self, instance: Instance) -> Instance | None:
        found = self._instances.get(instance.id)
        if found is not None:
            return copied(found)
        self._instances[instance.id] = copied(instance)
        return None

    def _known(self, ids: Sequence[str] | Mapping[str, object]) -> list[Instance]:
        return [self._instances[name] for name in dict.fromkeys(ids) if name in self._instances]

    def _owned(self, item: Push | Settle) -> Instance | None:
        found = self._instances.get(item.instance_id)
        if found is None or (found.epoch, found.lease_owner) != (item.epoch, item.owner) or found.lease_until is None:
            return None
        return found

    def _post(self, item: Post) -> bool:
        found = self._instances.get(item.instance_id)
        if found is None:
            return False
        if _holds(found, item.entry):
            return True
        if all(wait.id not in item.waits for wait in found.waits):
            return False
        self._deliver(found, item.entry)
        return True

    def _deliver(self, found: Instance, entry: InboxEntry) -> None:
        now = self._clock.now()
        found.inbox.append(entry)
        found.wake_at = now if found.wake_at is None else min(found.wake_at, now)

    def _push(self, item: Push) -> Outcome:
        found = self._owned(item)
        if found is None:
            return "lost"
        if found.inbox:
            return "inbox"
        if found.journal_count != item.journal_count:
            return "lost"
        _append(found, item.facts)
        return "ok"

    def _settle(self, item: Settle) -> Outcome:
        found = self._owned(item)
        if found is None:
            return "lost"
        if found.inbox:
            return "inbox"
        if item.journal_count not in (None, found.journal_count):
            return "lost"
        found.state, found.status, found.reason = item.state, item.status, deepcopy(item.reason)
        found.started_at, found.completed_at, found.updated_at = item.started_at, item.completed_at, item.updated_at
        found.wake_at, found.timer_at, found.waits = item.wake_at, item.timer_at, [*item.waits]
        found.journal, found.journal_count = [], 0
        found.outbox = [*found.outbox, *item.outbox]
        found.history = [*found.history, *item.history]
        found.history_count += len(item.history)
        found.version = found.version if item.version is None else item.version
        found.fingerprint = found.fingerprint if item.fingerprint is None else item.fingerprint
        if not item.keep_lease:
            found.lease_until = None
        return "ok"

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: InstanceQuery) -> InstancePage:
        with self._lock:
            page = list_instances(self._instances.values(), query)
            return replace(page, instances=[bare(instance) for instance in page.instances])


def _live(instance: Instance, now: int) -> bool:
    return instance.lease_until is not None and instance.lease_until > now


def _holds(instance: Instance, entry: InboxEntry) -> bool:
    return any(other.id == entry.id for other in instance.inbox)


def _append(instance: Instance, facts: Sequence[str]) -> None:
    instance.journal = [*instance.journal, *facts]
    instance.journal_count += len(facts)
