"""Durations on MongoDB: one document per step, cut to the latest by the write that adds to it."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.database import Database

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.errors import reading, writing
from reactory.ports.statistics import KEPT_DURATIONS


class MongoDurations:
    def __init__(self, database: Database[Document]) -> None:
        self._durations = database["durations"]

    def note(self, tenant: str, workflow_id: str, step_id: str, durations: Sequence[int]) -> None:
        if not durations:
            return
        latest = {"$each": list(durations[-KEPT_DURATIONS:]), "$slice": -KEPT_DURATIONS}
        with writing():
            self._durations.update_one(
                {"_id": _id(tenant, workflow_id, step_id)}, {"$push": {"latest": latest}}, upsert=True
            )

    def recent(self, tenant: str, workflow_id: str, step_id: str) -> list[int]:
        with reading():
            found = self._durations.find_one({"_id": _id(tenant, workflow_id, step_id)})
        return [] if found is None else [int(one) for one in found["latest"]]


def _id(tenant: str, workflow_id: str, step_id: str) -> Document:
    return {"tenant": tenant, "workflowId": workflow_id, "stepId": step_id}  # the order of the fields is part of the id
