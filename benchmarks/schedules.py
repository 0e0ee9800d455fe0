"""A tick with 100,000 schedules: it has to cost what is due, not what exists; and how many due ones it gets through."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import msgspec

from benchmarks.context import Bench
from benchmarks.engine import Engine
from benchmarks.report import Figure, Result
from reactory.ports.schedules import StoredSchedule
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.stored import to_stored
from reactory.scheduler.tick import Tick

DUE = 200
_DAY = 86_400_000


def run(bench: Bench) -> Result:
    few, many, repeats, crowd = (100, 1_000, 3, 500) if bench.quick else (1_000, 100_000, 9, 5_000)
    took: dict[int, list[float]] = {}
    for count in (few, many):
        engine = Engine(bench.settings(f"schedules_{count}"))
        _store(engine, "far", count, _DAY)
        took[count] = [_tick(engine, f"due{number}", DUE) for number in range(repeats)]
    engine = Engine(bench.settings("schedules_crowd"))
    crowded = _tick(engine, "crowd", crowd)
    small, large = median(took[few]), median(took[many])
    figures = [
        Figure(f"tick of {DUE} due, {few:,} schedules", small, "ms", "", f"median of {repeats}"),
        Figure(f"tick of {DUE} due, {many:,} schedules", large, "ms", "", f"median of {repeats}"),
        Figure("growth", large / small, "times", "1", f"for {many // few} times as many"),
        Figure(f"slots of one moment, {crowd:,} schedules", crowd / crowded * 1000, "/s", "", "claimed and sent"),
    ]
    return Result("schedules", figures, {"milliseconds": took, "crowd": crowded})


def _store(engine: Engine, prefix: str, count: int, ahead: int | None) -> None:
    """Schedules of every minute; with ``ahead`` their next slots lie so many milliseconds from now."""
    now = engine.app.clock.now()
    collection = engine.database["schedules"]
    for begin in range(0, count, 5_000):
        page = [
            _schedule(f"{prefix}-{number}", now, None if ahead is None else now + ahead + number)
            for number in range(begin, min(begin + 5_000, count))
        ]
        collection.insert_many([_document(one) for one in page])


def _schedule(schedule_id: str, now: int, next_at: int | None) -> StoredSchedule:
    """``next_at`` None: the next full minute, which a tick claims."""
    document = {
        "id": schedule_id,
        "name": schedule_id,
        "workflow": {"id": "bench.Five"},
        "schedule": {"cron": "* * * * *", "timezone": "Europe/Paris"},
    }
    stored = to_stored(parse_schedule(document), now, tenant="default")
    return stored if next_at is None else msgspec.structs.replace(stored, next_at=next_at, due_at=next_at)


def _document(schedule: StoredSchedule) -> dict[str, Any]:
    from reactory.adapters.mongo.schedules import encode

    return encode(schedule)


def _tick(engine: Engine, prefix: str, due: int) -> float:
    """Milliseconds of one tick that claims this many slots."""
    _store(engine, prefix, due, None)
    tick = Tick(engine.app)
    began = time.perf_counter()
    ticked = tick.tick()
    took = (time.perf_counter() - began) * 1000
    if ticked.claimed < due:
        raise AssertionError(f"the tick claimed {ticked.claimed} slots, not {due}")
    # fired, and not due again before the next tick
    engine.database["executions"].update_many({}, {"$unset": {"attentionAt": ""}})
    engine.database["schedules"].update_many({"name": {"$regex": f"^{prefix}-"}}, {"$unset": {"dueAt": ""}})
    return took
