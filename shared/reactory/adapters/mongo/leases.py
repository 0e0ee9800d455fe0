"""Claim, renew, told, due, leased: whatever looks at a lease or at ``wakeAt`` by the database's clock (``$$NOW``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson.datetime_ms import DatetimeMS
from pymongo import ReturnDocument
from pymongo.collection import Collection

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.clock import server_time
from reactory.adapters.mongo.codec import decode
from reactory.adapters.mongo.errors import reading, writing
from reactory.ports.store import Instance

BY_ID = {"_id": 1}
"""The index to use where ids are given: no trial of the others, whatever else the filter asks."""

BY_TIME = [("wakeAt", 1), ("_id", 1)]
"""The index of what has to wake up."""

_WITHOUT_HISTORY = {"history": 0}
_FREE = {"$lte": ["$lease.until", "$$NOW"]}
"""Free or expired: a field that is missing compares as less than every date."""

_UNTIL_SET = {"$ne": [{"$type": "$lease.until"}, "missing"]}
_SEPARATOR = "\n"


def claim(
    collection: Collection[Document], ids: Sequence[str], owner: str, lease_ms: int, horizon_ms: int
) -> list[Instance]:
    """One round trip for one; two for many: take what can be had, then read what this unique owner has got."""
    if not ids:
        return []
    due = {"$lte": ["$wakeAt", {"$add": ["$$NOW", horizon_ms]}]}
    to_be_had = {"$or": [_FREE, {"$eq": ["$lease.owner", {"$literal": owner}]}]}
    wanted = {"wakeAt": {"$type": "date"}, "$expr": {"$and": [due, to_be_had]}}
    taking = [
        {
            "$set": {
                "epoch": {"$add": ["$epoch", 1]},
                "interrupted": _UNTIL_SET,
                "lease": {"owner": {"$literal": owner}, "until": {"$add": ["$$NOW", lease_ms]}},
            }
        }
    ]
    with writing():
        if len(ids) == 1:
            one = collection.find_one_and_update(
                {"_id": ids[0], **wanted},
                taking,
                projection=_WITHOUT_HISTORY,
                return_document=ReturnDocument.AFTER,
                hint=BY_ID,
            )
            return [] if one is None else [decode(one)]
        if not collection.update_many({"_id": {"$in": list(ids)}, **wanted}, taking, hint=BY_ID).matched_count:
            return []
        return [decode(document) for document in _owned(collection, ids, owner, _WITHOUT_HISTORY)]


def renew(collection: Collection[Document], ids: Sequence[str], owner: str, lease_ms: int) -> set[str]:
    if not ids:
        return set()
    held = {"_id": {"$in": list(ids)}, "lease.owner": owner, "lease.until": {"$exists": True}}
    longer = [{"$set": {"lease.until": {"$add": ["$$NOW", lease_ms]}}}]
    with writing():
        if collection.update_many(held, longer, hint=BY_ID).matched_count == len(set(ids)):
            return set(ids)
        return {document["_id"] for document in _owned(collection, ids, owner, {"_id": 1})}


def _owned(
    collection: Collection[Document], ids: Sequence[str], owner: str, projection: Mapping[str, Any]
) -> list[Document]:
    mine = {"_id": {"$in": list(ids)}, "lease.owner": owner, "lease.until": {"$exists": True}}
    return list(collection.find(mine, projection, hint=BY_ID))


def told(collection: Collection[Document], owner: str, entries: Mapping[str, Sequence[str]]) -> None:
    """All instances of one owner in one update: entry ids are unique within an instance only, hence the pairs."""
    if not entries:
        return
    done = [f"{instance}{_SEPARATOR}{entry}" for instance, told_ids in entries.items() for entry in told_ids]
    is_done = {"$in": [{"$concat": ["$_id", _SEPARATOR, "$$entry.id"]}, {"$literal": done}]}
    left = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "as": "entry", "cond": {"$not": [is_done]}}}
    at_rest = {
        "$and": [
            {"$eq": ["$outbox", []]},
            {"$eq": ["$inbox", []]},
            {"$eq": ["$lease.owner", {"$literal": owner}]},
            {"$not": [_UNTIL_SET]},
        ]
    }
    wake_at = {"$ifNull": [{"$cond": [at_rest, "$timerAt", "$wakeAt"]}, "$$REMOVE"]}
    with writing():
        collection.update_many(
            {"_id": {"$in": list(entries)}}, [{"$set": {"outbox": left}}, {"$set": {"wakeAt": wake_at}}], hint=BY_ID
        )


def mail(collection: Collection[Document], ids: Sequence[str]) -> set[str]:
    with reading():
        found = collection.find({"_id": {"$in": list(ids)}, "inbox": {"$ne": []}}, BY_ID, hint=BY_ID)
        return {document["_id"] for document in found}


def due(
    collection: Collection[Document], within_ms: int, limit: int, after: tuple[int, str] | None
) -> list[tuple[str, int, int]]:
    """A walk along the index of ``wakeAt``, which holds only what has to wake up.

    A later page begins at the last one of the page before, which is then left out.
    """
    with reading():
        now = server_time(collection)
        found = collection.find(
            {"wakeAt": {"$lte": DatetimeMS(now + within_ms)}, "$expr": _FREE},
            {"wakeAt": 1, "priority": 1},
            sort=BY_TIME,
            limit=limit if after is None else limit + 1,
            hint=BY_TIME,
        )
        if after is not None:
            begin = [("wakeAt", DatetimeMS(after[0])), ("_id", after[1])]
            found = found.min(begin)  # type: ignore[arg-type]  # pymongo's signature leaves dates out
        page = [(document["_id"], int(document["wakeAt"]), document["priority"]) for document in found]
    return [one for one in page if after is None or (one[1], one[0]) > after][:limit]


def ending(collection: Collection[Document], within_ms: int, limit: int) -> list[tuple[str, int, int]]:
    """The same walk, for those that ``due`` leaves out."""
    with reading():
        now = server_time(collection)
        found = collection.find(
            {
                "wakeAt": {"$lte": DatetimeMS(now)},
                "lease.until": {"$gt": DatetimeMS(now), "$lte": DatetimeMS(now + within_ms)},
            },
            {"lease.until": 1, "priority": 1},
            sort=BY_TIME,
            limit=limit,
            hint=BY_TIME,
        )
        return [(one["_id"], int(one["lease"]["until"]) - now, one["priority"]) for one in found]


def leased(collection: Collection[Document], ids: Sequence[str]) -> dict[str, int]:
    stages: list[Document] = [
        {"$match": {"_id": {"$in": list(ids)}, "$expr": {"$gt": ["$lease.until", "$$NOW"]}}},
        {"$project": {"left": {"$subtract": ["$lease.until", "$$NOW"]}}},
    ]
    with reading():
        return {document["_id"]: int(document["left"]) for document in collection.aggregate(stages, hint=BY_ID)}
