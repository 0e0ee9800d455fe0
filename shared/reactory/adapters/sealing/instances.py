"""InstanceStore whose payloads are sealed; statuses, names, keys, waits and reasons stay plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from reactory.adapters.sealing.sealer import Sealer
from reactory.exceptions import SealedUnreadableError
from reactory.ports.store import (
    HistoryChunk,
    InboxEntry,
    Instance,
    InstancePage,
    InstanceQuery,
    InstanceStore,
    OutboxEntry,
    Outcome,
    Post,
    Push,
    Settle,
    Waiter,
)

INPUT, STATE, OUTBOX, HISTORY = "input", "state", "outbox", "history"
FACT = "fact"
"""One for inbox and journal: the database moves facts from the one to the other."""


class SealedInstances:
    def __init__(self, inner: InstanceStore, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def create(self, instances: Sequence[Instance]) -> list[Instance | None]:
        existing = self._inner.create([self._sealed(instance) for instance in instances])
        return [None if found is None else self._opened(found) for found in existing]

    def get(self, instance_id: str) -> Instance | None:
        found = self._inner.get(instance_id)
        return None if found is None else self._opened(found)

    def count_by_status(self, tenant: str) -> dict[str, int]:
        return self._inner.count_by_status(tenant)

    def claim(self, ids: Sequence[str], owner: str, lease_ms: int, horizon_ms: int) -> list[Instance]:
        """As the port; one that cannot be read is left to its lease, so that it holds up none of the others."""
        opened: list[Instance] = []
        unreadable: SealedUnreadableError | None = None
        for found in self._inner.claim(ids, owner, lease_ms, horizon_ms):
            try:
                opened.append(self._opened(found))
            except SealedUnreadableError as error:
                unreadable = error
        if unreadable is not None and not opened:
            raise unreadable
        return opened

    def push(self, batch: Sequence[Push]) -> list[Outcome]:
        return self._inner.push([self._sealed_push(item) for item in batch])

    def absorb(self, push: Push) -> list[InboxEntry] | None:
        entries = self._inner.absorb(self._sealed_push(push))
        return None if entries is None else [self._opened_entry(entry) for entry in entries]

    def settle(self, batch: Sequence[Settle]) -> list[Outcome]:
        return self._inner.settle(
            [
                replace(
                    item,
                    state=self._sealer.seal(item.state, STATE),
                    outbox=self._sealed_outbox(item.outbox),
                    history=self._seal_all(item.history, HISTORY),
                )
                for item in batch
            ]
        )

    def told(self, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        self._inner.told(owner, entries)

    def renew(self, ids: Sequence[str], owner: str, lease_ms: int) -> set[str]:
        return self._inner.renew(ids, owner, lease_ms)

    def send(self, instance_id: str, entry: InboxEntry, statuses: Sequence[str] | None = None) -> Instance | None:
        found = self._inner.send(instance_id, self._sealed_entry(entry), statuses)
        return None if found is None else self._opened(found)

    def waiting(  # noqa: PLR0917 - as the port
        self, tenant: str, name: str, key: str, time: int, limit: int, after: str | None = None
    ) -> list[Waiter]:
        return self._inner.waiting(tenant, name, key, time, limit, after)

    def post(self, batch: Sequence[Post]) -> set[str]:
        return self._inner.post([replace(item, entry=self._sealed_entry(item.entry)) for item in batch])

    def mail(self, ids: Sequence[str]) -> set[str]:
        return self._inner.mail(ids)

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, int]]:
        return self._inner.due(within_ms, limit, after)

    def ending(self, within_ms: int, limit: int) -> list[tuple[str, int, int]]:
        return self._inner.ending(within_ms, limit)

    def leased(self, ids: Sequence[str]) -> dict[str, int]:
        return self._inner.leased(ids)

    def append_history(self, chunks: Sequence[HistoryChunk]) -> None:
        self._inner.append_history([replace(chunk, records=self._seal_all(chunk.records, HISTORY)) for chunk in chunks])

    def history(self, instance_id: str, after: int, limit: int) -> list[HistoryChunk]:
        chunks = self._inner.history(instance_id, after, limit)
        return [replace(chunk, records=self._open_all(chunk.records, HISTORY)) for chunk in chunks]

    def ping(self) -> float:
        return self._inner.ping()

    def _sealed(self, instance: Instance) -> Instance:
        return replace(
            instance,
            input=self._sealer.seal(instance.input, INPUT),
            state=None if instance.state is None else self._sealer.seal(instance.state, STATE),
            journal=self._seal_all(instance.journal, FACT),
            inbox=[self._sealed_entry(entry) for entry in instance.inbox],
            outbox=self._sealed_outbox(instance.outbox),
            history=self._seal_all(instance.history, HISTORY),
        )

    def _opened(self, instance: Instance) -> Instance:
        return replace(
            instance,
            input=self._sealer.open(instance.input, INPUT),
            state=None if instance.state is None else self._sealer.open(instance.state, STATE),
            journal=self._open_all(instance.journal, FACT),
            inbox=[self._opened_entry(entry) for entry in instance.inbox],
            outbox=[replace(entry, body=self._sealer.open(entry.body, OUTBOX)) for entry in instance.outbox],
            history=self._open_all(instance.history, HISTORY),
        )

    def _sealed_push(self, push: Push) -> Push:
        return replace(push, facts=self._seal_all(push.facts, FACT))

    def _sealed_entry(self, entry: InboxEntry) -> InboxEntry:
        return replace(entry, fact=self._sealer.seal(entry.fact, FACT))

    def _opened_entry(self, entry: InboxEntry) -> InboxEntry:
        return replace(entry, fact=self._sealer.open(entry.fact, FACT))

    def _sealed_outbox(self, outbox: Sequence[OutboxEntry]) -> list[OutboxEntry]:
        return [replace(entry, body=self._sealer.seal(entry.body, OUTBOX)) for entry in outbox]

    def _seal_all(self, texts: Sequence[str], context: str) -> list[str]:
        return [self._sealer.seal(text, context) for text in texts]

    def _open_all(self, texts: Sequence[str], context: str) -> list[str]:
        return [self._sealer.open(text, context) for text in texts]

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: InstanceQuery) -> InstancePage:
        page = self._inner.list(query)
        return replace(page, instances=[self._opened(instance) for instance in page.instances])
