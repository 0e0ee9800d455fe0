"""Push, settle and absorb: the writes that only the owner of the lease may do.

Every filter asks for the epoch, the owner, a lease that was not freed, and (push, settle) an empty inbox. When fewer
documents matched than were sent, one read tells which and why. A write that had happened before, because it was sent
again or its answer was lost, is recognised by its mark. Not by the length of the journal: an earlier push that arrives
late, after its owner has given it up, would pass for the next one.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import date, inbox_entries, outbox_document, wait_document
from reactory.adapters.mongo.commands import parts, update
from reactory.adapters.mongo.errors import reading, writing
from reactory.exceptions import AmbiguousWriteError, StoreUnavailableError
from reactory.ports.store import InboxEntry, Outcome, Push, Settle

_DOCUMENT_CHARACTERS = 15_000_000
"""Of one document, which MongoDB holds to 16 MB."""

_SEEN = {"epoch": 1, "lease": 1, "journalCount": 1, "mark": 1, "inbox": {"$slice": 1}}


def push(collection: Collection[Document], batch: Sequence[Push]) -> list[Outcome]:
    mark = secrets.token_hex(6)
    writes = [_Write(item, _push_statement(item, mark), _characters(item.facts), mark) for item in batch]
    return _run(collection, writes)


def settle(collection: Collection[Document], batch: Sequence[Settle]) -> list[Outcome]:
    mark = secrets.token_hex(6)
    writes = [
        _Write(item, _settle_statement(item, mark), len(item.state) + _characters(item.history), mark) for item in batch
    ]
    return _run(collection, writes)


def absorb(collection: Collection[Document], item: Push) -> list[InboxEntry] | None:
    """One update that moves the inbox behind the facts; the server's own retry makes it happen once."""
    moved = {"$concatArrays": ["$journal", {"$literal": item.facts}, "$inbox.fact"]}
    count = {"$add": ["$journalCount", len(item.facts), {"$size": "$inbox"}]}
    with writing():
        before = collection.find_one_and_update(
            {**_fence(item), "journalCount": item.journal_count},
            [{"$set": {"journal": moved, "journalCount": count, "inbox": []}}],
            projection={"inbox": 1},
            return_document=ReturnDocument.BEFORE,
        )
    return None if before is None else inbox_entries(before["inbox"])


class _Write:
    """One statement of a command, with what it takes to judge it."""

    __slots__ = ("item", "mark", "size", "statement")

    def __init__(self, item: Push | Settle, statement: Document, size: int, mark: str) -> None:
        self.item = item
        self.statement = statement
        self.size = size
        self.mark = mark


def _run(collection: Collection[Document], writes: Sequence[_Write]) -> list[Outcome]:
    """What cannot fit a document is not even sent; it must not take the others with it."""
    outcomes: dict[str, Outcome] = {}
    fitting = [write for write in writes if write.size <= _DOCUMENT_CHARACTERS]
    for part in parts(fitting, attrgetter("size")):
        try:
            outcomes |= _send(collection, part)
        except StoreUnavailableError as error:
            if outcomes:
                raise AmbiguousWriteError(f"Only a part of the batch was written: {error.message}") from error
            raise
    return [outcomes.get(write.item.instance_id, "too_large") for write in writes]


def _send(collection: Collection[Document], part: Sequence[_Write]) -> dict[str, Outcome]:
    ids = [write.item.instance_id for write in part]
    try:
        reply = update(collection, [write.statement for write in part])
    except AmbiguousWriteError:
        if _all_applied(collection, part):
            return dict.fromkeys(ids, "ok")
        raise
    if reply.matched == len(part):
        return dict.fromkeys(ids, "ok")
    outcomes: dict[str, Outcome] = dict(zip(ids, _judge(collection, part), strict=True))
    return outcomes | dict.fromkeys((ids[index] for index in reply.too_large), "too_large")


def _all_applied(collection: Collection[Document], part: Sequence[_Write]) -> bool:
    """Whether all is on the majority already. What is not there yet may still come."""
    try:
        outcomes = _judge(collection.with_options(read_concern=ReadConcern("majority")), part)
    except StoreUnavailableError:
        return False
    return all(outcome == "ok" for outcome in outcomes)


def _judge(collection: Collection[Document], writes: Sequence[_Write]) -> list[Outcome]:
    """Look at the documents: fewer matched than were sent."""
    ids = [write.item.instance_id for write in writes]
    with reading():
        found = {document["_id"]: document for document in collection.find({"_id": {"$in": ids}}, _SEEN)}
    return [_outcome(write, found.get(write.item.instance_id)) for write in writes]


def _outcome(write: _Write, document: Document | None) -> Outcome:
    item = write.item
    lease = document.get("lease", {}) if document else {}
    if document is None or document["epoch"] != item.epoch or lease.get("owner") != item.owner:
        return "lost"
    if document.get("mark") == write.mark:
        return "ok"
    return "inbox" if document["inbox"] and "until" in lease else "lost"


def _fence(item: Push | Settle) -> Document:
    return {
        "_id": item.instance_id,
        "epoch": item.epoch,
        "lease.owner": item.owner,
        "lease.until": {"$exists": True},
    }


def _push_statement(item: Push, mark: str) -> Document:
    return {
        "q": {**_fence(item), "inbox": [], "journalCount": item.journal_count},
        "u": {
            "$push": {"journal": {"$each": item.facts}},
            "$inc": {"journalCount": len(item.facts)},
            "$set": {"mark": mark},
        },
    }


def _settle_statement(item: Settle, mark: str) -> Document:
    """The mark in the filter: a second one under a lease that is kept must not append the outbox once more."""
    values: dict[str, Any] = {
        "state": item.state,
        "status": item.status,
        "reason": item.reason,
        "startedAt": date(item.started_at),
        "completedAt": date(item.completed_at),
        "updatedAt": date(item.updated_at),
        "wakeAt": date(item.wake_at),
        "timerAt": date(item.timer_at),
        "waits": [wait_document(wait) for wait in item.waits] or None,
        "journal": [],
        "journalCount": 0,
        "mark": mark,
    }
    unset = {name: "" for name, value in values.items() if value is None}
    if not item.keep_lease:
        unset["lease.until"] = ""
    pinned = {"version": item.version, "fingerprint": item.fingerprint}  # None: as it is
    written = {name: value for name, value in {**values, **pinned}.items() if value is not None}
    change = {"$set": written, **_appended(item)}
    if unset:
        change["$unset"] = unset
    known = {} if item.journal_count is None else {"journalCount": item.journal_count}
    return {"q": {**_fence(item), "inbox": [], "mark": {"$ne": mark}, **known}, "u": change}


def _appended(item: Settle) -> Document:
    pushed: Document = {}
    change: Document = {}
    if item.outbox:
        pushed["outbox"] = {"$each": [outbox_document(entry) for entry in item.outbox]}
    if item.history:
        pushed["history"] = {"$each": item.history}
        change["$inc"] = {"historyCount": len(item.history)}
    if pushed:
        change["$push"] = pushed
    return change


def _characters(texts: Sequence[str]) -> int:
    return sum(map(len, texts))
