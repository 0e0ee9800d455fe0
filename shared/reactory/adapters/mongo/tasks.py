"""TaskStore on MongoDB: one document per item of work. ``closed`` is always there: the indexes hold open items only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from bson.datetime_ms import DatetimeMS
from pymongo import ReturnDocument
from pymongo.database import Database

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import camel
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.history import insert_once
from reactory.adapters.mongo.leases import BY_ID
from reactory.exceptions import UnavailableError
from reactory.ports.tasks import Kind, TaskPage, TaskQuery, WorkItem

CLOSED_MS = 7 * 24 * 3_600_000
"""How long a closed item is kept."""

TO_TAKE = "tenant_name"
"""The index of the open activities of a name, in the order in which workers take them."""

_TIMES = frozenset({"created_at", "due_at", "lease_until"})
_FIELDS = {name: camel(name) for name in WorkItem.__struct_fields__ if name != "id"}
_KINDS = list(get_args(Kind))
_SORT = "createdAt"
_ORDER = [("createdAt", 1), ("_id", 1)]
_FREE = {"$lte": ["$leaseUntil", "$$NOW"]}
"""Nobody's, or no more: a field that is missing compares as less than every date."""


class MongoTasks:
    def __init__(self, database: Database[Document]) -> None:
        self._tasks = database["tasks"]

    def open(self, items: Sequence[WorkItem]) -> None:
        if items:
            insert_once(self._tasks, [_encode(item) for item in items])

    def assign(self, item_id: str, assignee: str | None) -> None:
        change = {"$unset": {"assignee": ""}} if assignee is None else {"$set": {"assignee": assignee}}
        with writing():
            self._tasks.update_one({"_id": item_id, "closed": False}, change, hint=BY_ID)

    def close(self, ids: Sequence[str]) -> None:
        closing = {"closed": True, "expiresAt": {"$add": ["$$NOW", CLOSED_MS]}}
        if ids:
            with writing():
                self._tasks.update_many({"_id": {"$in": list(ids)}, "closed": False}, [{"$set": closing}], hint=BY_ID)

    def get(self, item_id: str) -> WorkItem | None:
        with reading():
            found = self._tasks.find_one({"_id": item_id})
        return None if found is None else _decode(found)

    def take(self, tenant: str, name: str, worker: str, lease_ms: int, count: int) -> list[WorkItem]:
        """One command per item: so each goes to one worker, however many ask at once."""
        taken: list[WorkItem] = []
        while len(taken) < count:
            try:
                item = self._take(tenant, name, worker, lease_ms, [one.id for one in taken])
            except UnavailableError:
                if not taken:
                    raise
                break  # what was taken is this worker's: it would lie idle until its lease is over
            if item is None:
                break
            taken.append(item)
        return taken

    def extend(self, item_id: str, takes: int, lease_ms: int) -> bool:
        held = {"_id": item_id, "closed": False, "worker": {"$exists": True}, "takes": takes}
        with writing():
            longer = [{"$set": {"leaseUntil": _lease(lease_ms)}}]
            return self._tasks.update_one(held, longer, hint=BY_ID).matched_count > 0

    def _take(self, tenant: str, name: str, worker: str, lease_ms: int, besides: Sequence[str]) -> WorkItem | None:
        """The next one; ``besides`` those that this call has: a short lease may be over already."""
        taking = {
            "worker": {"$literal": worker},
            "takes": {"$add": ["$takes", 1]},
            "leaseUntil": _lease(lease_ms),
        }
        with writing():
            taken = self._tasks.find_one_and_update(
                {
                    "tenant": tenant,
                    "kind": "activity",
                    "name": name,
                    "closed": False,
                    "_id": {"$nin": list(besides)},
                    "$expr": _FREE,
                },
                [{"$set": taking}],
                sort=[("priority", -1), *_ORDER],
                return_document=ReturnDocument.AFTER,
                hint=TO_TAKE,
            )
        return None if taken is None else _decode(taken)

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: TaskQuery) -> TaskPage:
        matching = _filter(query)
        page = matching if query.cursor is None else {"$and": [matching, _after(query.cursor)]}
        with reading():
            total = self._tasks.count_documents(matching)
            found = [_decode(one) for one in self._tasks.find(page, sort=_ORDER, limit=query.limit + 1)]
        shown = found[: query.limit]
        more = len(found) > query.limit
        cursor = encode_cursor(Position(_SORT, shown[-1].created_at, shown[-1].id)) if more else None
        return TaskPage(shown, cursor, total)


def _lease(lease_ms: int) -> Document:
    return {"$add": ["$$NOW", {"$ifNull": ["$heartbeatMs", lease_ms]}]}


def _filter(query: TaskQuery) -> Document:
    """Both kinds by name where none is asked for: so the index that begins with the kind serves, and gives the order."""
    wanted = {
        "name": query.name,
        "assignee": query.assignee,
        "instanceId": query.instance_id,
        "workflowId": query.workflow_id,
    }
    return {
        "tenant": query.tenant,
        "closed": False,
        "kind": query.kind or {"$in": _KINDS},
        **{field: value for field, value in wanted.items() if value is not None},
    }


def _after(cursor: str) -> Document:
    position = decode_cursor(cursor, _SORT)
    created = DatetimeMS(position.created_at)
    return {
        "createdAt": {"$gte": created},  # bounds the index; the line below is what is meant
        "$or": [{"createdAt": {"$gt": created}}, {"_id": {"$gt": position.instance_id}}],
    }


def _encode(item: WorkItem) -> Document:
    document: Document = {"_id": item.id}
    for name, field in _FIELDS.items():
        value = getattr(item, name)
        if value is not None:
            document[field] = DatetimeMS(value) if name in _TIMES else value
    return document


def _decode(document: Mapping[str, Any]) -> WorkItem:
    values: dict[str, Any] = {"id": document["_id"]}
    for name, field in _FIELDS.items():
        if field in document:
            values[name] = int(document[field]) if name in _TIMES else document[field]
    return WorkItem(**values)
