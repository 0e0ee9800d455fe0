"""The ``steps`` collection: finished facts of instances, in chunks whose ids sort by sequence number."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.errors import reading, writing
from reactory.exceptions import AmbiguousWriteError
from reactory.ports.store import HistoryChunk

_DUPLICATE = 11000


def chunk_id(instance_id: str, first: int) -> str:
    return f"{instance_id}:{first:012d}"


def append_history(collection: Collection[Document], chunks: Sequence[HistoryChunk]) -> None:
    if not chunks:
        return
    writes = [
        ReplaceOne(
            {"_id": chunk_id(chunk.instance_id, chunk.first), "epoch": {"$lte": chunk.epoch}},
            {
                "instanceId": chunk.instance_id,
                "first": chunk.first,
                "epoch": chunk.epoch,
                "records": chunk.records,
            },
            upsert=True,
        )
        for chunk in chunks
    ]
    with writing():
        try:
            collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:  # a duplicate is a chunk of a higher epoch, which stays
            only_duplicates(error)


def insert_once(collection: Collection[Document], documents: Sequence[Document]) -> set[int]:
    """Insert those whose id is new, leave the others as they are; the positions of the others."""
    with writing():
        try:
            collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            return only_duplicates(error)
    return set()


def only_duplicates(error: BulkWriteError) -> set[int]:
    """The positions of the documents that existed already; AmbiguousWriteError if anything else went wrong."""
    details = error.details
    failures = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(failure["code"] != _DUPLICATE for failure in failures):
        raise AmbiguousWriteError(f"Some of the documents may not have been stored: {error}") from error
    return {failure["index"] for failure in failures}


def history(collection: Collection[Document], instance_id: str, after: int, limit: int) -> list[HistoryChunk]:
    """Two walks along ``_id``: back to the chunk that holds the next record, then forward from there."""
    mine = {"instanceId": instance_id}  # an id may go on where another ends
    end = f"{instance_id}::"  # the colon is the character after the digits
    with reading():
        holder = collection.find_one(
            {"_id": {"$gt": f"{instance_id}:", "$lte": chunk_id(instance_id, after + 1)}, **mine},
            {"first": 1, "records": 1},
            sort=[("_id", -1)],
        )
        start = {"$gt": f"{instance_id}:"}
        if holder:
            whole = holder["first"] + len(holder["records"]) - 1 > after
            start = {"$gte" if whole else "$gt": holder["_id"]}
        found = collection.find({"_id": {**start, "$lt": end}, **mine}, sort=[("_id", 1)], limit=limit)
        return [HistoryChunk(one["instanceId"], one["first"], one["records"], one["epoch"]) for one in found]
