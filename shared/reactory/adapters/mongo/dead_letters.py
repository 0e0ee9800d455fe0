"""DeadLetters on MongoDB: one document per message, deleted by itself when it has been kept long enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from bson.datetime_ms import DatetimeMS
from pymongo import ReplaceOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import camel
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.history import only_duplicates
from reactory.adapters.mongo.leases import BY_ID
from reactory.exceptions import InvalidCursorError
from reactory.ports.dead_letters import KEPT_MS, DeadLetter, DeadLetterState

_TIMES = frozenset({"died_at", "sent_at", "redriven_at"})
_FIELDS = {name: camel(name) for name in DeadLetter.__struct_fields__ if name != "id"}
_STATES = list(get_args(DeadLetterState))
_ORDER = [("diedAt", -1), ("_id", 1)]


class MongoDeadLetters:
    def __init__(self, database: Database[Document]) -> None:
        self._letters = database["dead_letters"]

    def add(self, letters: Sequence[DeadLetter]) -> None:
        if not letters:
            return
        with writing():
            try:
                self._letters.bulk_write([_add(letter) for letter in letters], ordered=False)
            except BulkWriteError as error:  # a duplicate is one that is there and was not redriven: it stays
                only_duplicates(error)

    def get(self, letter_id: str) -> DeadLetter | None:
        with reading():
            found = self._letters.find_one({"_id": letter_id})
        return None if found is None else _decode(found)

    def redriven(self, letter_id: str, reason: str, by: str, at: int) -> bool:
        noted = {"state": "redriven", "reason": reason, "by": by, "redrivenAt": DatetimeMS(at)}
        with writing():
            changed = self._letters.update_one({"_id": letter_id, "state": "dead"}, {"$set": noted}, hint=BY_ID)
        return changed.matched_count > 0

    def delete(self, letter_id: str) -> bool:
        with writing():
            return self._letters.delete_one({"_id": letter_id}).deleted_count > 0

    def count(self, tenant: str) -> int:
        with reading():
            return self._letters.count_documents({"tenant": tenant, "state": "dead"}, hint="tenant_state")

    # last in the class: below it, the type ``list`` would mean this method
    def list(
        self, tenant: str, queue: str | None, state: DeadLetterState | None, limit: int, after: str | None = None
    ) -> list[DeadLetter]:
        """Both states by name where none is asked for: so the index that begins with them gives the order too."""
        matching: Document = {"tenant": tenant, "state": state or {"$in": _STATES}}
        if queue is not None:
            matching["queue"] = queue
        with reading():
            if after is not None:
                matching |= _behind(self._letters.find_one({"_id": after}, {"diedAt": 1}))
            index = "tenant_state" if queue is None else "tenant_queue"
            found = self._letters.find(matching, {"body": 0}, sort=_ORDER, limit=limit, hint=index)
            return [_decode(one) for one in found]


def _add(letter: DeadLetter) -> ReplaceOne[Document]:
    """Writes where nothing is yet, or what was sent again before this one died."""
    again = {"_id": letter.id, "state": "redriven", "redrivenAt": {"$lt": DatetimeMS(letter.died_at)}}
    return ReplaceOne(again, _encode(letter), upsert=True, hint=BY_ID)


def _behind(last: Document | None) -> Document:
    if last is None:
        raise InvalidCursorError("The dead letter that the cursor names is gone: begin again without it.")
    died = last["diedAt"]
    return {
        "diedAt": {"$lte": died},  # bounds the index; the line below is what is meant
        "$or": [{"diedAt": {"$lt": died}}, {"_id": {"$gt": last["_id"]}}],
    }


def _encode(letter: DeadLetter) -> Document:
    document: Document = {"_id": letter.id, "expiresAt": DatetimeMS(letter.died_at + KEPT_MS)}
    for name, field in _FIELDS.items():
        value = getattr(letter, name)
        if value is not None:
            document[field] = DatetimeMS(value) if name in _TIMES else value
    document["attributes"] = dict(letter.attributes)
    return document


def _decode(document: Mapping[str, Any]) -> DeadLetter:
    values: dict[str, Any] = {"id": document["_id"], "body": ""}
    for name, field in _FIELDS.items():
        if field in document:
            values[name] = int(document[field]) if name in _TIMES else document[field]
    return DeadLetter(**values)
