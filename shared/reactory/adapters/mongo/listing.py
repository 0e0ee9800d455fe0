"""Lists and counts of instances: filters, order and pages. Each filter is the prefix of an index in ``schema.py``."""

from __future__ import annotations

from bson.datetime_ms import DatetimeMS
from pymongo.collection import Collection

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import decode
from reactory.adapters.mongo.errors import reading
from reactory.ports.store import InstancePage, InstanceQuery

_LAST_CHARACTER = "\U0010ffff"
_BARE = {"state": 0, "journal": 0, "inbox": 0, "history": 0, "input": 0}


def list_instances(collection: Collection[Document], query: InstanceQuery) -> InstancePage:
    filters = _filters(query)
    matching = _with_search(filters, query)
    page = matching if query.cursor is None else _with_search([*filters, _after(query)], query)
    direction = 1 if query.sort == "createdAt" else -1
    with reading():
        total = collection.count_documents(matching)
        found = [
            decode(document)
            for document in collection.find(
                page, _BARE, sort=[("createdAt", direction), ("_id", direction)], limit=query.limit + 1
            )
        ]
    shown = found[: query.limit]
    more = len(found) > query.limit
    cursor = encode_cursor(Position(query.sort, shown[-1].created_at, shown[-1].id)) if more else None
    return InstancePage(shown, cursor, total)


def count_by_status(collection: Collection[Document], tenant: str) -> dict[str, int]:
    stages: list[Document] = [
        {"$match": {"tenant": tenant}},
        {"$group": {"_id": "$status", "count": {"$sum": 1}}},
    ]
    with reading():
        counted = collection.aggregate(stages, hint="tenant_status")
        return {document["_id"]: document["count"] for document in counted}


def _filters(query: InstanceQuery) -> list[Document]:
    """What every instance of the list must fulfil, the search apart."""
    wanted = {
        "tenant": query.tenant,
        "workflowId": query.workflow_id,
        "version": query.version,
        "tags": query.tag,
        "parent": query.parent,
    }
    filters: list[Document] = [{field: value} for field, value in wanted.items() if value is not None]
    if query.status:
        filters.append({"status": {"$in": list(query.status)}})
    if query.reason:
        filters.append({"reason.code": {"$in": list(query.reason)}})
    if query.completed_after is not None:
        filters.append({"completedAt": {"$gt": DatetimeMS(query.completed_after)}})
    if query.created_after is not None:
        filters.append({"createdAt": {"$gt": DatetimeMS(query.created_after)}})
    if query.created_before is not None:
        filters.append({"createdAt": {"$lt": DatetimeMS(query.created_before)}})
    return filters


def _with_search(filters: list[Document], query: InstanceQuery) -> Document:
    """The search's alternatives outside, each with all the filters: so each is planned, and finds its index, alone."""
    if not query.search:
        return {"$and": filters}
    prefixed = {"$gte": query.search, "$lt": query.search + _LAST_CHARACTER}
    alternatives: list[Document] = [
        {"_id": prefixed},
        {"correlationId": prefixed},
        {"tags": {"$exists": True, "$elemMatch": prefixed}},  # $exists: what the partial index asks for
    ]
    return {"$or": [{"$and": [*filters, alternative]} for alternative in alternatives]}


def _after(query: InstanceQuery) -> Document:
    position = decode_cursor(query.cursor or "", query.sort)
    beyond = "$gt" if query.sort == "createdAt" else "$lt"
    created = DatetimeMS(position.created_at)
    return {
        "createdAt": {f"{beyond}e": created},  # bounds the index; the line below is what is meant
        "$or": [{"createdAt": {beyond: created}}, {"_id": {beyond: position.instance_id}}],
    }
