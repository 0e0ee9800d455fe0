"""ErrorStatistics on MongoDB: a document per count in ``errors``, one per hour and category in ``error_hours``.

Both have what they count for as their ``_id``, a document that is compared field by field: so each is written by one
upsert, and a workflow's are a range. ``latest`` begins with its time, so ``$max`` keeps the latest as a whole, in
whatever order notes arrive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson.datetime_ms import DatetimeMS
from bson.max_key import MaxKey
from bson.min_key import MinKey
from pymongo import UpdateOne
from pymongo.database import Database

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.leases import BY_ID
from reactory.adapters.occurrences import CountKey, HourKey, Tally, by_count, by_hour, place
from reactory.ports.statistics import KEPT_MS, ErrorBucket, ErrorCount, Occurrence


class MongoErrorStatistics:
    def __init__(self, database: Database[Document]) -> None:
        self._counts = database["errors"]
        self._hours = database["error_hours"]

    def note(self, occurrences: Sequence[Occurrence]) -> None:
        if not occurrences:
            return
        with writing():
            self._counts.bulk_write([_add(*one) for one in by_count(occurrences).items()], ordered=False)
            self._hours.bulk_write([_add_hour(*one) for one in by_hour(occurrences).items()], ordered=False)

    def counts(self, tenant: str, workflow_id: str | None, limit: int, after: str | None = None) -> list[ErrorCount]:
        within = _range(tenant, workflow_id, "stepId", "category")
        if after is not None:
            behind = _id(tenant, *place(after))
            within = {"_id": {**within["_id"], "$gt": behind}}
        with reading():
            found = self._counts.find(within, sort=[("_id", 1)], limit=limit, hint=BY_ID)
            return [_decode(one) for one in found]

    def series(self, tenant: str, workflow_id: str | None, since: int, until: int) -> list[ErrorBucket]:
        begin, end = DatetimeMS(since), DatetimeMS(until)
        matching: Document = {"tenant": tenant, "at": {"$gte": begin, "$lt": end}}
        hint: Any = "tenant_at"
        if workflow_id is not None:
            first = {"tenant": tenant, "workflowId": workflow_id, "at": begin, "category": MinKey()}
            last = {"tenant": tenant, "workflowId": workflow_id, "at": end, "category": MinKey()}
            matching, hint = {"_id": {"$gte": first, "$lt": last}}, BY_ID
        stages: list[Document] = [
            {"$match": matching},
            {"$group": {"_id": {"at": "$at", "category": "$_id.category"}, "count": {"$sum": "$count"}}},
            {"$sort": {"_id": 1}},
        ]
        with reading():
            found = self._hours.aggregate(stages, hint=hint)
            return [ErrorBucket(int(one["_id"]["at"]), one["_id"]["category"], one["count"]) for one in found]

    def clear(self, tenant: str, workflow_id: str) -> int:
        counted = _range(tenant, workflow_id, "stepId", "category")
        stages: list[Document] = [{"$match": counted}, {"$group": {"_id": None, "total": {"$sum": "$count"}}}]
        with writing():
            total = sum(one["total"] for one in self._counts.aggregate(stages, hint=BY_ID))
            self._hours.delete_many(_range(tenant, workflow_id, "at", "category"), hint=BY_ID)
            self._counts.delete_many(counted, hint=BY_ID)
        return int(total)


def _add(key: CountKey, tally: Tally) -> UpdateOne:
    latest = tally.latest
    newest = {
        "at": DatetimeMS(latest.at),
        "severity": latest.severity,
        "type": latest.type,
        "code": latest.code,
        "message": latest.message,
        "instanceId": latest.instance_id,
    }
    change = {"$inc": {"count": tally.count}, "$min": {"first": DatetimeMS(tally.first)}, "$max": {"latest": newest}}
    return UpdateOne({"_id": _id(*key)}, change, upsert=True)


def _add_hour(key: HourKey, count: int) -> UpdateOne:
    tenant, workflow, at, category = key
    hour = DatetimeMS(at)
    expiry = {"tenant": tenant, "at": hour, "expiresAt": DatetimeMS(at + KEPT_MS)}
    return UpdateOne(
        {"_id": {"tenant": tenant, "workflowId": workflow, "at": hour, "category": category}},
        {"$inc": {"count": count}, "$setOnInsert": expiry},
        upsert=True,
    )


def _id(tenant: str, workflow_id: str, step_id: str, category: str) -> Document:
    """The order of the fields is part of the id."""
    return {"tenant": tenant, "workflowId": workflow_id, "stepId": step_id, "category": category}


def _range(tenant: str, workflow_id: str | None, *fields: str) -> Document:
    """All ids of the workflow, or of the tenant. ``fields`` are those of the id that come after the workflow."""
    names = ("workflowId", *fields)
    known = {"tenant": tenant} if workflow_id is None else {"tenant": tenant, "workflowId": workflow_id}
    low = {**known, **{name: MinKey() for name in names if name not in known}}
    high = {**known, **{name: MaxKey() for name in names if name not in known}}
    return {"_id": {"$gte": low, "$lt": high}}


def _decode(document: Mapping[str, Any]) -> ErrorCount:
    key, latest = document["_id"], document["latest"]
    return ErrorCount(
        workflow_id=key["workflowId"],
        step_id=key["stepId"],
        category=key["category"],
        severity=latest["severity"],
        count=document["count"],
        first=int(document["first"]),
        last=int(latest["at"]),
        type=latest["type"],
        code=latest["code"],
        message=latest["message"],
        instance_id=latest["instanceId"],
    )
