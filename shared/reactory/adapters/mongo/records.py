"""Records on MongoDB: ``_id`` is (tenant, kind, key) as a document, compared field by field, so no two fall together."""

from __future__ import annotations

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.leases import BY_ID

_LAST_CHARACTER = "\U0010ffff"


class MongoRecords:
    def __init__(self, database: Database[Document]) -> None:
        self._records = database["records"]

    def get(self, tenant: str, kind: str, key: str) -> str | None:
        with reading():
            found = self._records.find_one({"_id": _id(tenant, kind, key)})
        return None if found is None else str(found["value"])

    def put(self, tenant: str, kind: str, key: str, value: str) -> None:
        with writing():
            self._records.update_one({"_id": _id(tenant, kind, key)}, {"$set": {"value": value}}, upsert=True)

    def put_new(self, tenant: str, kind: str, key: str, value: str) -> bool:
        with writing():
            try:
                self._records.insert_one({"_id": _id(tenant, kind, key), "value": value})
            except DuplicateKeyError:
                return False
        return True

    def delete(self, tenant: str, kind: str, key: str) -> bool:
        with writing():
            return self._records.delete_one({"_id": _id(tenant, kind, key)}).deleted_count > 0

    def list(self, tenant: str, kind: str, prefix: str, limit: int, after: str | None = None) -> list[tuple[str, str]]:
        under: Document = {
            "$gte": _id(tenant, kind, prefix),
            "$lt": _id(tenant, kind, prefix + _LAST_CHARACTER),
        }
        if after is not None:
            under["$gt"] = _id(tenant, kind, after)
        with reading():
            found = self._records.find({"_id": under}, sort=[("_id", 1)], limit=limit, hint=BY_ID)
            return [(one["_id"]["key"], one["value"]) for one in found]


def _id(tenant: str, kind: str, key: str) -> Document:
    return {"tenant": tenant, "kind": kind, "key": key}  # the order of the fields is part of the id
