"""InstanceStore on MongoDB: one document per instance, one atomic update per decision."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from pymongo.database import Database

from reactory.adapters.mongo import fenced, inbox, leases, listing, waiting
from reactory.adapters.mongo import history as steps
from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import decode, encode
from reactory.adapters.mongo.errors import reading
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


class MongoInstances:
    """The methods are told in the port; the modules beside this one hold the queries, by what they are about."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._instances = database["instances"]
        self._steps = database["steps"]

    def create(self, instances: Sequence[Instance]) -> list[Instance | None]:
        if not instances:
            return []
        taken = steps.insert_once(self._instances, [encode(instance) for instance in instances])
        if not taken:
            return [None] * len(instances)
        ids = [instances[index].id for index in taken]
        with reading():
            found = {document["_id"]: document for document in self._instances.find({"_id": {"$in": ids}})}
        return [
            decode(found[instance.id]) if index in taken and instance.id in found else None
            for index, instance in enumerate(instances)
        ]

    def get(self, instance_id: str) -> Instance | None:
        with reading():
            document = self._instances.find_one({"_id": instance_id})
        return None if document is None else decode(document)

    def count_by_status(self, tenant: str) -> dict[str, int]:
        return listing.count_by_status(self._instances, tenant)

    def claim(self, ids: Sequence[str], owner: str, lease_ms: int, horizon_ms: int) -> list[Instance]:
        return leases.claim(self._instances, ids, owner, lease_ms, horizon_ms)

    def push(self, batch: Sequence[Push]) -> list[Outcome]:
        return fenced.push(self._instances, batch)

    def absorb(self, push: Push) -> list[InboxEntry] | None:
        return fenced.absorb(self._instances, push)

    def settle(self, batch: Sequence[Settle]) -> list[Outcome]:
        return fenced.settle(self._instances, batch)

    def told(self, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        leases.told(self._instances, owner, entries)

    def renew(self, ids: Sequence[str], owner: str, lease_ms: int) -> set[str]:
        return leases.renew(self._instances, ids, owner, lease_ms)

    def send(self, instance_id: str, entry: InboxEntry, statuses: Sequence[str] | None = None) -> Instance | None:
        return inbox.send(self._instances, instance_id, entry, statuses)

    def waiting(  # noqa: PLR0917 - as the port
        self, tenant: str, name: str, key: str, time: int, limit: int, after: str | None = None
    ) -> list[Waiter]:
        return waiting.waiting(self._instances, tenant, name, key, time, limit, after)

    def post(self, batch: Sequence[Post]) -> set[str]:
        return inbox.post(self._instances, batch)

    def mail(self, ids: Sequence[str]) -> set[str]:
        return leases.mail(self._instances, ids)

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, int]]:
        return leases.due(self._instances, within_ms, limit, after)

    def ending(self, within_ms: int, limit: int) -> list[tuple[str, int, int]]:
        return leases.ending(self._instances, within_ms, limit)

    def leased(self, ids: Sequence[str]) -> dict[str, int]:
        return leases.leased(self._instances, ids)

    def append_history(self, chunks: Sequence[HistoryChunk]) -> None:
        steps.append_history(self._steps, chunks)

    def history(self, instance_id: str, after: int, limit: int) -> list[HistoryChunk]:
        return steps.history(self._steps, instance_id, after, limit)

    def ping(self) -> float:
        started = time.perf_counter()
        with reading():
            self._database.command("ping")
        return (time.perf_counter() - started) * 1000

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: InstanceQuery) -> InstancePage:
        return listing.list_instances(self._instances, query)
