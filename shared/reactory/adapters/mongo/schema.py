"""Collections and indexes. Every index has a query and every query an index (DB-1); what needs no comment uses _id."""

from __future__ import annotations

import pymongo
from pymongo import IndexModel
from pymongo.database import Database

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.errors import writing

_PAGE = [("createdAt", 1), ("_id", 1)]  # the order of a list; MongoDB walks an index in both directions
_EXPIRY = IndexModel([("expiresAt", 1)], name="expires_at", expireAfterSeconds=0)  # for no query: MongoDB deletes by it
_OPEN = {"closed": False}

INDEXES: dict[str, list[IndexModel]] = {
    "instances": [
        # list with a status; count_by_status (from the index alone)
        IndexModel([("tenant", 1), ("status", 1), *_PAGE], name="tenant_status"),
        # list of what has failed for some reason
        IndexModel(
            [("tenant", 1), ("status", 1), ("reason.code", 1), *_PAGE],
            name="tenant_reason",
            partialFilterExpression={"reason.code": {"$exists": True}},
        ),
        # list without filters, by time
        IndexModel([("tenant", 1), *_PAGE], name="tenant_created"),
        # list of a workflow's instances
        IndexModel([("tenant", 1), ("workflowId", 1), *_PAGE], name="tenant_workflow"),
        # list with a tag; search by a tag's prefix
        IndexModel(
            [("tenant", 1), ("tags", 1), *_PAGE],
            name="tenant_tags",
            partialFilterExpression={"tags": {"$exists": True}},
        ),
        # search by the correlation id's prefix
        IndexModel(
            [("tenant", 1), ("correlationId", 1)],
            name="tenant_correlation",
            partialFilterExpression={"correlationId": {"$exists": True}},
        ),
        # list of the children of an instance
        IndexModel([("parent", 1), *_PAGE], name="parent", partialFilterExpression={"parent": {"$exists": True}}),
        # waiting: who waits for an event, in pages by _id
        IndexModel(
            [("tenant", 1), ("waits.name", 1), ("waits.key", 1), ("_id", 1)],
            name="tenant_waits",
            partialFilterExpression={"waits": {"$exists": True}},
        ),
        # due: holds only what has to wake up, so a sweep costs what is due, not what exists
        IndexModel([("wakeAt", 1), ("_id", 1)], name="wake_at", partialFilterExpression={"wakeAt": {"$exists": True}}),
    ],
    "definitions": [
        # versions, list, delete of all versions
        IndexModel([("tenant", 1), ("workflowId", 1), ("version", 1)], name="tenant_workflow", unique=True),
    ],
    "events": [
        # due: holds only what is still to be delivered
        IndexModel([("dueAt", 1), ("_id", 1)], name="due_at", partialFilterExpression={"dueAt": {"$exists": True}}),
        # find with keys
        IndexModel([("tenant", 1), ("name", 1), ("key", 1), ("time", 1), ("_id", 1)], name="tenant_name_key"),
        # find with any key
        IndexModel([("tenant", 1), ("name", 1), ("time", 1), ("_id", 1)], name="tenant_name_time"),
        _EXPIRY,
    ],
    "consumed": [_EXPIRY],
    "records": [],  # list: ranges of _id
    "results": [_EXPIRY],
    "errors": [],  # counts: ranges of _id
    "error_hours": [
        # series of all workflows; of one: ranges of _id
        IndexModel([("tenant", 1), ("at", 1)], name="tenant_at"),
        _EXPIRY,
    ],
    "durations": [],
    "dead_letters": [
        # list, and count
        IndexModel([("tenant", 1), ("state", 1), ("diedAt", -1), ("_id", 1)], name="tenant_state"),
        # list of a queue's
        IndexModel([("tenant", 1), ("queue", 1), ("state", 1), ("diedAt", -1), ("_id", 1)], name="tenant_queue"),
        _EXPIRY,
    ],
    "tasks": [
        # list, by kind or of both
        IndexModel([("tenant", 1), ("kind", 1), *_PAGE], name="tenant_kind", partialFilterExpression=_OPEN),
        # list of what is assigned to somebody
        IndexModel(
            [("tenant", 1), ("assignee", 1), *_PAGE],
            name="tenant_assignee",
            partialFilterExpression={**_OPEN, "assignee": {"$exists": True}},
        ),
        # list of an instance's items
        IndexModel([("instanceId", 1), *_PAGE], name="instance", partialFilterExpression=_OPEN),
        # take: in the order in which it is taken
        IndexModel(
            [("tenant", 1), ("name", 1), ("priority", -1), *_PAGE],
            name="tenant_name",
            partialFilterExpression={**_OPEN, "kind": "activity"},
        ),
        _EXPIRY,  # of what is closed
    ],
    "steps": [],  # history: ranges of _id
    "blobs": [],  # ranges of _id
}


BUILD_SECONDS = 600
"""A new index on a large collection takes longer than any other operation may."""


class MongoSchema:
    """Called by deployment and by ``reactory dev``; safe to call again."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def ensure(self) -> None:
        with writing(), pymongo.timeout(BUILD_SECONDS):
            existing = set(self._database.list_collection_names())
            for name, indexes in INDEXES.items():
                if name not in existing:
                    self._database.create_collection(name, check_exists=False)
                if indexes:
                    self._database[name].create_indexes(indexes)
