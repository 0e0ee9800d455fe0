"""ExecutionLog on MongoDB: one document per slot. ``attentionAt`` is absent where nothing is to be done any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson.datetime_ms import DatetimeMS
from pymongo.database import Database

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.clock import NOT_EXPIRED
from reactory.adapters.mongo.codec import camel
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.history import insert_once
from reactory.adapters.mongo.leases import BY_ID
from reactory.ports.executions import Execution, ExecutionPage, ExecutionQuery, Kind

_TIMES = frozenset({"slot", "fire_at", "attention_at", "created_at", "started_at", "ended_at", "until", "expires_at"})
_FIELDS = {name: camel(name) for name in Execution.__struct_fields__ if name != "id"}
_BY_TIME = [("attentionAt", 1), ("_id", 1)]
_QUEUE = "tenant_queued"
_SORT = "-slot"


class MongoExecutions:
    def __init__(self, database: Database[Document]) -> None:
        self._executions = database["executions"]

    def claim(self, executions: Sequence[Execution]) -> set[str]:
        if not executions:
            return set()
        there = insert_once(self._executions, [_encode(one) for one in executions])
        return {one.id for position, one in enumerate(executions) if position not in there}

    def get(self, execution_id: str) -> Execution | None:
        with reading():
            found = self._executions.find_one({"_id": execution_id, "$expr": NOT_EXPIRED}, hint=BY_ID)
        return None if found is None else _decode(found)

    def known(self, ids: Sequence[str], *, without: Kind | None = None) -> set[str]:
        if not ids:
            return set()
        wanted: Document = {"_id": {"$in": list(ids)}, "$expr": NOT_EXPIRED}
        if without is not None:
            wanted["kind"] = {"$ne": without}
        with reading():
            found = self._executions.find(wanted, {"_id": 1}, hint=BY_ID)
            return {one["_id"] for one in found}

    def update(self, execution: Execution) -> bool:
        known = {"_id": execution.id, "version": execution.version - 1}
        with writing():
            return self._executions.replace_one(known, _encode(execution), hint=BY_ID).matched_count > 0

    def due(self, until: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        """A walk along the index of ``attentionAt``. A later page begins at the last one of the page before."""
        with reading():
            found = self._executions.find(
                {"attentionAt": {"$lte": DatetimeMS(until)}},
                {"attentionAt": 1, "tenant": 1},
                sort=_BY_TIME,
                limit=limit if after is None else limit + 1,
                hint=_BY_TIME,
            )
            if after is not None:
                begin = [("attentionAt", DatetimeMS(after[0])), ("_id", after[1])]
                found = found.min(begin)  # type: ignore[arg-type]  # pymongo's signature leaves dates out
            page = [(one["_id"], int(one["attentionAt"]), one["tenant"]) for one in found]
        return [one for one in page if after is None or (one[1], one[0]) > after][:limit]

    def queued(self, tenant: str, schedule_id: str, limit: int, *, without: Kind | None = None) -> list[str]:
        """Along the index of who waits. It does not hold the kind: those of ``without`` are read, and left out."""
        waiting: Document = {"tenant": tenant, "scheduleId": schedule_id, "status": "queued"}
        if without is not None:
            waiting["kind"] = {"$ne": without}
        with reading():
            found = self._executions.find(waiting, {"_id": 1}, sort=[("slot", 1)], limit=limit, hint=_QUEUE)
            return [one["_id"] for one in found]

    def soonest(self, tenant: str, begin: int, end: int) -> int | None:
        """Along the index of what is to be done, within a time."""
        coming = {
            "attentionAt": {"$gte": DatetimeMS(begin), "$lte": DatetimeMS(end)},
            "tenant": tenant,
            "status": "claimed",
        }
        with reading():
            found = self._executions.find_one(coming, {"attentionAt": 1}, sort=_BY_TIME, hint=_BY_TIME)
        return None if found is None else int(found["attentionAt"])

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ExecutionQuery) -> ExecutionPage:
        wanted: Document = {"tenant": query.tenant, "scheduleId": query.schedule_id, "$expr": NOT_EXPIRED}
        if query.cursor is not None:
            wanted["slot"] = {"$lt": DatetimeMS(decode_cursor(query.cursor, _SORT).created_at)}
        with reading():
            found = [
                _decode(one)
                for one in self._executions.find(
                    wanted, sort=[("slot", -1)], limit=query.limit + 1, hint="tenant_schedule"
                )
            ]
        shown = found[: query.limit]
        cursor = encode_cursor(Position(_SORT, shown[-1].slot, shown[-1].id)) if len(found) > query.limit else None
        return ExecutionPage(shown, cursor)


def _encode(execution: Execution) -> Document:
    document: Document = {"_id": execution.id}
    for name, field in _FIELDS.items():
        value = getattr(execution, name)
        if value is not None:
            document[field] = DatetimeMS(value) if name in _TIMES else value
    return document


def _decode(document: Mapping[str, Any]) -> Execution:
    values: dict[str, Any] = {"id": document["_id"]}
    for name, field in _FIELDS.items():
        if field in document:
            values[name] = int(document[field]) if name in _TIMES else document[field]
    return Execution(**values)
