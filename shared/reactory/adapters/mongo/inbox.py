"""Send and post: how facts from outside come into an instance's inbox, once per id, and make its ``wakeAt`` due."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import ReturnDocument
from pymongo.collection import Collection

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import decode, inbox_document
from reactory.adapters.mongo.commands import parts, update
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.leases import BY_ID
from reactory.exceptions import AmbiguousWriteError, StoreUnavailableError
from reactory.ports.store import InboxEntry, Instance, Post


def send(
    collection: Collection[Document], instance_id: str, entry: InboxEntry, statuses: Sequence[str] | None
) -> Instance | None:
    wanted: Document = {"_id": instance_id}
    if statuses is not None:
        wanted["status"] = {"$in": list(statuses)}
    with writing():
        document = collection.find_one_and_update(
            {**wanted, "inbox.id": {"$ne": entry.id}},
            _delivery(entry),
            return_document=ReturnDocument.AFTER,
            hint=BY_ID,
        )
        if document is None:  # no such instance, another status, or the entry is there already
            document = collection.find_one({**wanted, "inbox.id": entry.id}, hint=BY_ID)
    return None if document is None else decode(document)


def post(collection: Collection[Document], batch: Sequence[Post]) -> set[str]:
    """One command for all; one read more where some did not match. What MongoDB has no room for is not answered."""
    holding: set[str] = set()
    for number, part in enumerate(parts(batch, lambda item: len(item.entry.fact))):
        try:
            holding |= _post(collection, part)
        except StoreUnavailableError as error:
            if number:
                raise AmbiguousWriteError(f"Only a part of the batch was posted: {error.message}") from error
            raise
    return holding


def _post(collection: Collection[Document], part: Sequence[Post]) -> set[str]:
    if update(collection, [_statement(item) for item in part]).matched == len(part):
        return {item.instance_id for item in part}
    ids = list({item.instance_id for item in part})
    try:
        with reading():
            found = list(collection.find({"_id": {"$in": ids}}, {"inbox.id": 1}, hint=BY_ID))
    except StoreUnavailableError as error:
        raise AmbiguousWriteError(f"Posted, but to whom cannot be told: {error.message}") from error
    held = {document["_id"]: {entry["id"] for entry in document["inbox"]} for document in found}
    return {item.instance_id for item in part if item.entry.id in held.get(item.instance_id, ())}


def _statement(item: Post) -> Document:
    return {
        "q": {
            "_id": item.instance_id,
            "inbox.id": {"$ne": item.entry.id},
            "waits.id": {"$in": list(item.waits)},
        },
        "u": _delivery(item.entry),
        "hint": BY_ID,
    }


def _delivery(entry: InboxEntry) -> list[Document]:
    pushed = {
        "inbox": {"$concatArrays": ["$inbox", [{"$literal": inbox_document(entry)}]]},
        "wakeAt": {"$min": ["$wakeAt", "$$NOW"]},  # a missing one does not count
    }
    return [{"$set": pushed}]
