"""DefinitionStore on MongoDB: one document per registered version, never changed once it is there (WR-3)."""

from __future__ import annotations

import re
from typing import Any

from bson.datetime_ms import DatetimeMS
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import camel
from reactory.adapters.mongo.errors import reading, writing
from reactory.ports.store import StoredDefinition

_FIELDS = {name: camel(name) for name in StoredDefinition.__struct_fields__}


class MongoDefinitions:
    def __init__(self, database: Database[Document]) -> None:
        self._definitions = database["definitions"]

    def put(self, definition: StoredDefinition) -> StoredDefinition:
        document = _encode(definition)
        with writing():
            try:
                self._definitions.insert_one(document)
            except DuplicateKeyError:
                found = self._definitions.find_one({"_id": document["_id"]})
                return definition if found is None else _decode(found)
        return definition

    def get(self, tenant: str, workflow_id: str, version: str) -> StoredDefinition | None:
        with reading():
            found = self._definitions.find_one({"_id": _key(tenant, workflow_id, version)})
        return None if found is None else _decode(found)

    def versions(self, tenant: str, workflow_id: str) -> list[str]:
        with reading():
            found = self._definitions.find({"tenant": tenant, "workflowId": workflow_id}, {"version": 1, "_id": 0})
            return [document["version"] for document in found]

    def list(
        self, tenant: str, name_space: str | None = None, tag: str | None = None, search: str | None = None
    ) -> list[StoredDefinition]:
        matching: Document = {"tenant": tenant}
        if name_space is not None:
            matching["nameSpace"] = name_space
        if tag is not None:
            matching["tags"] = tag
        if search:
            containing = {"$regex": re.escape(search), "$options": "i"}
            matching["$or"] = [{field: containing} for field in ("workflowId", "description", "tags")]
        with reading():
            found = self._definitions.find(matching, {"source": 0}, sort=[("workflowId", 1), ("version", 1)])
            return [_decode(document) for document in found]

    def delete(self, tenant: str, workflow_id: str, version: str | None) -> int:
        matching = {"tenant": tenant, "workflowId": workflow_id}
        if version is not None:
            matching = {"_id": _key(tenant, workflow_id, version)}
        with writing():
            return self._definitions.delete_many(matching).deleted_count


def _key(tenant: str, workflow_id: str, version: str) -> str:
    return f"{tenant}:{workflow_id}@{version}"  # a workflow id has no colon, so no two keys fall together


def _encode(definition: StoredDefinition) -> Document:
    document: Document = {field: getattr(definition, name) for name, field in _FIELDS.items()}
    document["_id"] = _key(definition.tenant, definition.workflow_id, definition.version)
    document["createdAt"] = DatetimeMS(definition.created_at)
    return document


def _decode(document: Document) -> StoredDefinition:
    values: dict[str, Any] = {name: document[field] for name, field in _FIELDS.items() if field in document}
    return StoredDefinition(**{**values, "created_at": int(values["created_at"])})
