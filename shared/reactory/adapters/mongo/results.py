"""ResultCache on MongoDB. An index deletes what is too old, but late: whoever reads looks at the time as well."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.database import Database

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.clock import NOT_EXPIRED
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.leases import BY_ID


class MongoResults:
    def __init__(self, database: Database[Document]) -> None:
        self._results = database["results"]

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        with reading():
            found = self._results.find({"_id": {"$in": list(keys)}, "$expr": NOT_EXPIRED}, {"result": 1}, hint=BY_ID)
            return {document["_id"]: document["result"] for document in found}

    def put(self, key: str, result: str, ttl_ms: int) -> None:
        kept = {"result": {"$literal": result}, "expiresAt": {"$add": ["$$NOW", ttl_ms]}}
        with writing():
            self._results.update_one({"_id": key}, [{"$set": kept}], upsert=True)
