"""ScheduleStore on MongoDB: one document per schedule, ``_id`` = ``<tenant>/<id>``.

``dueAt`` is absent where no tick has to look, so that its index holds only what falls due. ``running``, ``begun`` and
``concluded`` are always there, because updates ask for what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson.datetime_ms import DatetimeMS
from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.adapters.mongo import commands
from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import camel
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.leases import BY_ID
from reactory.ports.schedules import (
    MOST_RUNNING,
    REMEMBERED,
    Begin,
    Ending,
    Move,
    OpenRun,
    SchedulePage,
    ScheduleQuery,
    StoredSchedule,
    Totals,
)

_TIMES = frozenset({"next_at", "backlog_after", "backlog_until", "due_at", "created_at", "updated_at", "last_run"})
_FIELDS = {name: camel(name) for name in StoredSchedule.__struct_fields__ if name not in {"id", "running"}}
_FIELDS["id"] = "scheduleId"
_KEPT = frozenset(
    {
        "created_at",
        "run_count",
        "error_count",
        "missed_count",
        "skipped_count",
        "delay_total",
        "today",
        "today_count",
        "last_run",
    }
)
"""What a replacement leaves as it is, the open runs apart."""
_COUNTERS = {"failed": "errorCount", "skipped": "skippedCount", "missed": "missedCount"}
_BY_TIME = [("dueAt", 1), ("tenant", 1), ("scheduleId", 1)]
_ORDER = [("scheduleId", 1)]
_SORT = "scheduleId"
_WITHOUT_RUNS = {"running": 0, "begun": 0, "concluded": 0}
_WITHOUT_MEMORY = {"begun": 0, "concluded": 0}
_MOST_CHARACTERS = 400
"""Of one move in a command."""


class MongoSchedules:
    def __init__(self, database: Database[Document]) -> None:
        self._schedules = database["schedules"]

    def create(self, schedule: StoredSchedule) -> bool:
        with writing():
            try:
                self._schedules.insert_one(encode(schedule))
            except DuplicateKeyError:
                return False
        return True

    def get(self, tenant: str, schedule_id: str) -> StoredSchedule | None:
        with reading():
            found = self._schedules.find_one({"_id": _key(tenant, schedule_id)}, _WITHOUT_MEMORY)
        return None if found is None else _decode(found)

    def replace(self, schedule: StoredSchedule, revision: int) -> bool:
        setting: Document = {}
        clearing: Document = {}
        for name, field in _FIELDS.items():
            value = getattr(schedule, name)
            if name in _KEPT:
                continue
            if value is None:
                clearing[field] = ""
            else:
                setting[field] = DatetimeMS(value) if name in _TIMES else value
        change: Document = {"$set": setting} | ({"$unset": clearing} if clearing else {})
        return self._update(schedule.tenant, schedule.id, revision, change)

    def stop(self, tenant: str, schedule_id: str, revision: int, now: int) -> bool:
        change: Document = {
            "$set": {"enabled": False, "revision": revision + 1, "updatedAt": DatetimeMS(now)},
            "$unset": {"nextAt": "", "backlogAfter": "", "backlogUntil": "", "dueAt": ""},
        }
        return self._update(tenant, schedule_id, revision, change)

    def assign(self, tenant: str, schedule_id: str, revision: int, source: str, file: str) -> bool:
        change: Document = {"$set": {"source": source, "file": file, "revision": revision + 1}}
        return self._update(tenant, schedule_id, revision, change)

    def _update(self, tenant: str, schedule_id: str, revision: int, change: Document) -> bool:
        stored = {"_id": _key(tenant, schedule_id), "revision": revision}
        with writing():
            return self._schedules.update_one(stored, change, hint=BY_ID).matched_count > 0

    def sources(self, tenant: str) -> Sequence[str]:
        with reading():
            return sorted(self._schedules.distinct("source", {"tenant": tenant}))

    def delete(self, tenant: str, schedule_id: str) -> bool:
        with writing():
            return self._schedules.delete_one({"_id": _key(tenant, schedule_id)}).deleted_count > 0

    def due(self, until: int, limit: int, after: tuple[int, str, str] | None = None) -> list[StoredSchedule]:
        """A walk along the index of ``dueAt``. A later page begins at the last one of the page before."""
        with reading():
            found = self._schedules.find(
                {"dueAt": {"$lte": DatetimeMS(until)}},
                _WITHOUT_RUNS,
                sort=_BY_TIME,
                limit=limit if after is None else limit + 1,
                hint=_BY_TIME,
            )
            if after is not None:
                begin = [("dueAt", DatetimeMS(after[0])), ("tenant", after[1]), ("scheduleId", after[2])]
                found = found.min(begin)  # type: ignore[arg-type]  # pymongo's signature leaves dates out
            page = [_decode(one) for one in found]
        return [one for one in page if after is None or (one.due_at or 0, one.tenant, one.id) > after][:limit]

    def advance(self, moves: Sequence[Move]) -> None:
        for part in commands.parts(moves, lambda _: _MOST_CHARACTERS):
            commands.update(self._schedules, [_move(move) for move in part])

    def begin(self, tenant: str, schedule_id: str, run: Begin) -> int | None:
        wanted: Document = {"_id": _key(tenant, schedule_id)}
        if run.limit is not None:
            wanted["$or"] = [{"running.key": run.key}, {"$expr": {"$lt": [_counted(run), run.limit]}}]
        with writing():
            after = self._schedules.find_one_and_update(
                wanted,
                _beginning(run),
                projection={"running": 1},
                return_document=ReturnDocument.AFTER,
                hint=BY_ID,
            )
        if after is None:
            return None
        return next(int(one["number"]) for one in after["running"] if one["key"] == run.key)

    def conclude(self, tenant: str, schedule_id: str, key: str, ending: Ending) -> None:
        stored: Document = {"_id": _key(tenant, schedule_id)}
        leaving: Document = {"$pull": {"running": {"key": key}}}
        with writing():
            if ending != "done":
                counting = {
                    "$inc": {_COUNTERS[ending]: 1},
                    "$push": {"concluded": {"$each": [key], "$slice": -REMEMBERED}},
                }
                first = {**stored, "concluded": {"$ne": key}}
                if self._schedules.update_one(first, {**counting, **leaving}, hint=BY_ID).matched_count:
                    return
            self._schedules.update_one(stored, leaving, hint=BY_ID)

    def totals(self, tenant: str, day: int) -> Totals:
        counters = {
            "runs": "$runCount",
            "errors": "$errorCount",
            "missed": "$missedCount",
            "skipped": "$skippedCount",
            "delay_total": "$delayTotal",
            "schedules": 1,
            "active": {"$cond": ["$enabled", 1, 0]},
            "today": {"$cond": [{"$eq": ["$today", day]}, "$todayCount", 0]},
        }
        sums: Document = {name: {"$sum": summed} for name, summed in counters.items()}
        sums |= {"last_run": {"$max": "$lastRun"}, "next_at": {"$min": "$nextAt"}}
        with reading():
            found = list(
                self._schedules.aggregate(
                    [{"$match": {"tenant": tenant}}, {"$group": {"_id": None, **sums}}], hint="tenant_id"
                )
            )
        values = found[0] if found else {}
        return Totals(**{name: int(value) for name, value in values.items() if value is not None and name != "_id"})

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ScheduleQuery) -> SchedulePage:
        matching = _filter(query)
        page = matching
        if query.cursor is not None:
            page = {**matching, "scheduleId": {"$gt": decode_cursor(query.cursor, _SORT).instance_id}}
        with reading():
            total = self._schedules.count_documents(matching)
            found = [
                _decode(one) for one in self._schedules.find(page, _WITHOUT_MEMORY, sort=_ORDER, limit=query.limit + 1)
            ]
        shown = found[: query.limit]
        cursor = encode_cursor(Position(_SORT, 0, shown[-1].id)) if len(found) > query.limit else None
        return SchedulePage(shown, cursor, total)


def _key(tenant: str, schedule_id: str) -> str:
    return f"{tenant}/{schedule_id}"


def _beginning(run: Begin) -> list[Document]:
    """Held already: nothing changes. Counted before: the same number. Else the next number, and one run more."""
    key: Document = {"$literal": run.key}
    held: Document = {"$in": [key, "$running.key"]}
    known: Document = {"$in": [key, "$begun.key"]}
    number = {
        "$cond": [
            known,
            {"$arrayElemAt": ["$begun.number", {"$indexOfArray": ["$begun.key", key]}]},
            {"$add": ["$runCount", 1]},
        ]
    }
    opened = {"key": key, "executionId": {"$literal": run.execution_id}, "number": number, "kind": run.kind}
    counted = {
        "runCount": {"$add": ["$runCount", 1]},
        "delayTotal": {"$add": ["$delayTotal", run.delay]},
        "todayCount": {"$cond": [{"$eq": ["$today", run.day]}, {"$add": ["$todayCount", 1]}, 1]},
        "today": run.day,
        "lastRun": DatetimeMS(run.now),
        "begun": _latest("$begun", {"key": key, "number": {"$add": ["$runCount", 1]}}, REMEMBERED),
    }
    changes = {field: {"$cond": [{"$or": [held, known]}, f"${field}", value]} for field, value in counted.items()}
    added = _latest("$running", opened, MOST_RUNNING if run.limit is None or run.among is not None else run.limit)
    changes["running"] = {"$cond": [held, "$running", added]}
    changes["lastRun"]["$cond"][1] = {"$ifNull": ["$lastRun", "$$REMOVE"]}
    return [{"$set": changes}]


def _counted(run: Begin) -> Document:
    """How many of the open runs count against its limit."""
    if run.among is None:
        return {"$size": "$running"}
    return {"$size": {"$filter": {"input": "$running", "cond": {"$eq": ["$$this.kind", run.among]}}}}


def _latest(array: str, entry: Document, most: int) -> Document:
    return {"$slice": [{"$concatArrays": [array, [entry]]}, -most]}


def _move(move: Move) -> Document:
    """Absent and null are the same to a filter."""
    given = {
        "nextAt": move.next_at,
        "backlogAfter": move.backlog_after,
        "backlogUntil": move.backlog_until,
        "dueAt": move.due_at,
    }
    setting = {field: DatetimeMS(value) for field, value in given.items() if value is not None}
    clearing = {field: "" for field, value in given.items() if value is None}
    change: Document = {"$inc": {"missedCount": move.missed}}
    change |= {"$set": setting} if setting else {}
    change |= {"$unset": clearing} if clearing else {}
    known: Document = {
        "_id": _key(move.tenant, move.id),
        "revision": move.revision,
        "nextAt": _date(move.from_next),
        "backlogAfter": _date(move.from_backlog),
    }
    return {"q": known, "u": change, "hint": BY_ID}


def _date(milliseconds: int | None) -> DatetimeMS | None:
    return None if milliseconds is None else DatetimeMS(milliseconds)


def _filter(query: ScheduleQuery) -> Document:
    wanted = {
        "workflowId": query.workflow_id,
        "nameSpace": query.name_space,
        "workflowName": query.workflow_name,
        "version": query.version,
        "enabled": query.enabled,
        "source": query.source,
    }
    return {"tenant": query.tenant, **{field: value for field, value in wanted.items() if value is not None}}


def encode(schedule: StoredSchedule) -> Document:
    document: Document = {"_id": _key(schedule.tenant, schedule.id)}
    for name, field in _FIELDS.items():
        value = getattr(schedule, name)
        if value is not None:
            document[field] = DatetimeMS(value) if name in _TIMES else value
    running = [
        {"key": run.key, "executionId": run.execution_id, "number": run.number, "kind": run.kind}
        for run in schedule.running
    ]
    return {**document, "running": running, "begun": [], "concluded": []}


def _decode(document: Mapping[str, Any]) -> StoredSchedule:
    values: dict[str, Any] = {}
    for name, field in _FIELDS.items():
        if field in document:
            values[name] = int(document[field]) if name in _TIMES else document[field]
    values["running"] = tuple(
        OpenRun(run["key"], run["executionId"], int(run["number"]), run.get("kind", "slot"))
        for run in document.get("running", ())
    )
    return StoredSchedule(**values)
