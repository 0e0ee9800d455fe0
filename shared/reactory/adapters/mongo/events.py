"""EventStore on MongoDB: one document per event, and one for each event that an instance has consumed.

``dueAt`` is absent once an event was delivered, so that its index holds only what is still to be told. Everything is
read from the primary: it decides what is written (DB-3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson.datetime_ms import DatetimeMS
from pymongo import ReplaceOne, ReturnDocument
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.clock import NOT_EXPIRED, server_time
from reactory.adapters.mongo.codec import camel
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.leases import BY_ID
from reactory.exceptions import AmbiguousWriteError
from reactory.ports.events import StoredEvent

_TIMES = frozenset({"time", "created_at", "due_at", "expires_at"})
_FIELDS = {name: camel(name) for name in StoredEvent.__struct_fields__ if name != "id"}

_BY_TIME = [("dueAt", 1), ("_id", 1)]
_ORDER = [("time", 1), ("_id", 1)]
_NO_SIGNAL: Document = {"$not": {"$gte": "@", "$lt": "A"}}  # A is the character after @
_SEPARATOR = "\n"  # no id contains it


class MongoEvents:
    def __init__(self, database: Database[Document]) -> None:
        self._events = database["events"]
        self._consumed = database["consumed"]

    def put(self, event: StoredEvent) -> StoredEvent | None:
        """One command: between an insert that is refused and a look at what is there, an index may delete it."""
        with writing():
            found = self._events.find_one_and_update(
                {"_id": event.id}, {"$setOnInsert": _encode(event)}, upsert=True, return_document=ReturnDocument.BEFORE
            )
        return None if found is None else _decode(found)

    def get(self, event_id: str) -> StoredEvent | None:
        with reading():
            found = self._events.find_one({"_id": event_id})
        return None if found is None else _decode(found)

    def delivered(self, event_id: str) -> None:
        with writing():
            self._events.update_one({"_id": event_id}, {"$unset": {"dueAt": ""}})

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        """A walk along the index of ``dueAt``. A later page begins at the last one of the page before."""
        with reading():
            until = DatetimeMS(server_time(self._events) + within_ms)
            found = self._events.find(
                {"dueAt": {"$lte": until}},
                {"dueAt": 1, "tenant": 1},
                sort=_BY_TIME,
                limit=limit if after is None else limit + 1,
                hint=_BY_TIME,
            )
            if after is not None:
                begin = [("dueAt", DatetimeMS(after[0])), ("_id", after[1])]
                found = found.min(begin)  # type: ignore[arg-type]  # pymongo's signature leaves dates out
            page = [(one["_id"], int(one["dueAt"]), one["tenant"]) for one in found]
        return [one for one in page if after is None or (one[1], one[0]) > after][:limit]

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
        """In the order of an index, so that a page costs what it shows."""
        wanted: Document = {
            "tenant": tenant,
            "name": name,
            "key": _NO_SIGNAL if keys is None else {"$in": list(keys)},
            "time": {"$gte": DatetimeMS(since), "$lte": DatetimeMS(until)},
            "$expr": NOT_EXPIRED,
        }
        if after is not None:
            time, event_id = after
            wanted["time"]["$gte"] = DatetimeMS(max(since, time))  # bounds the index; the line below is what is meant
            wanted["$or"] = [{"time": {"$gt": DatetimeMS(time)}}, {"_id": {"$gt": event_id}}]
        index = "tenant_name_time" if keys is None else "tenant_name_key"
        with reading():
            return [_decode(one) for one in self._events.find(wanted, sort=_ORDER, limit=limit, hint=index)]

    def mark_consumed(self, instance_id: str, events: Mapping[str, int], expires_at: int) -> None:
        if not events:
            return
        marks = [
            ReplaceOne(
                {"_id": _mark_id(instance_id, event_id)},
                {"event": event_id, "number": number, "expiresAt": DatetimeMS(expires_at)},
                upsert=True,
            )
            for event_id, number in events.items()
        ]
        with writing():
            try:
                self._consumed.bulk_write(marks, ordered=False)
            except BulkWriteError as error:
                raise AmbiguousWriteError(f"Some of the events may not have been marked: {error}") from error

    def consumed(self, instance_id: str, event_ids: Sequence[str]) -> dict[str, int]:
        if not event_ids:
            return {}
        marks = [_mark_id(instance_id, event_id) for event_id in event_ids]
        with reading():
            found = self._consumed.find({"_id": {"$in": marks}, "$expr": NOT_EXPIRED}, hint=BY_ID)
            return {one["event"]: one["number"] for one in found}


def _mark_id(instance_id: str, event_id: str) -> str:
    return f"{instance_id}{_SEPARATOR}{event_id}"


def _encode(event: StoredEvent) -> Document:
    document: Document = {"_id": event.id}
    for name, field in _FIELDS.items():
        value = getattr(event, name)
        if value is not None:
            document[field] = DatetimeMS(value) if name in _TIMES else value
    return document


def _decode(document: Document) -> StoredEvent:
    values: dict[str, Any] = {"id": document["_id"]}
    for name, field in _FIELDS.items():
        if field in document:
            values[name] = int(document[field]) if name in _TIMES else document[field]
    return StoredEvent(**values)
