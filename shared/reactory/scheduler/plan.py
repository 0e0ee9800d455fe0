"""What a tick does about one schedule, decided without any I/O: slots to claim, missed ones to count, where to go on.

Missed slots take two steps. First the range of them is written down with the schedule, whose regular slots go on at
once; later the range is worked off in portions, each of which is the same whenever it is computed. So a tick that died
in the middle is repeated exactly, and an outage of any length costs each tick no more than a portion (SC-13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reactory.ports.executions import KEPT_MS, Execution, Kind, execution_id
from reactory.ports.schedules import Move, StoredSchedule
from reactory.runner.instant import to_text
from reactory.scheduler.missed import made_up
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import jittered, next_slot, slots_between

MISFIRE_MS = 120_000
"""A slot that no tick has claimed this long after its time was missed. Below, it only comes late."""

MOST_SLOTS = 300
"""Of one schedule in one tick: more than there are seconds between the oldest and the latest that it may claim."""

PORTION = 2000
"""Missed slots of one schedule that one tick works off."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``again``: there is more to be done about this schedule at once."""

    executions: tuple[Execution, ...]
    move: Move
    again: bool = False


def plan(stored: StoredSchedule, schedule: Schedule, first: int | None, now: int, until: int) -> Plan:
    """The regular slots of a schedule that is due; ``first`` is its first one that is not claimed, and ``until`` how far
    ahead slots are claimed. A backlog stays as it is, and its schedule due.
    """
    fresh = now - MISFIRE_MS
    if first is not None and first < fresh:
        return _note_missed(stored, schedule, first, fresh, until)
    slots = [] if first is None else slots_between(schedule, first - 1, until, MOST_SLOTS)
    next_at = None if first is None else next_slot(schedule, slots[-1] if slots else first - 1)
    claims = tuple(claim(stored, schedule, slot, now) for slot in slots)
    if stored.backlog_after is None or stored.backlog_until is None:
        return Plan(claims, _move(stored, next_at=next_at, due_at=next_at))
    after, last = stored.backlog_after, stored.backlog_until
    return Plan(claims, _move(stored, next_at=next_at, due_at=stored.due_at, backlog_after=after, backlog_until=last))


def plan_backlog(stored: StoredSchedule, schedule: Schedule, now: int, until: int) -> Plan:
    """The next portion of a backlog. Until it is worked off, its schedule is due again behind all that have waited."""
    made_up, missed, after = _work_off(stored, schedule, now)
    due_at = stored.next_at if after is None else _earliest(stored.next_at, until + 1)
    backlog_until = None if after is None else stored.backlog_until
    move = _move(
        stored, next_at=stored.next_at, due_at=due_at, backlog_after=after, backlog_until=backlog_until, missed=missed
    )
    return Plan(tuple(made_up), move, again=after is not None)


def claim(
    stored: StoredSchedule, schedule: Schedule, slot: int, now: int, *, kind: Kind = "slot", caller: str = ""
) -> Execution:
    """The execution of a slot, to be inserted. Only slots in time have a jitter."""
    fire_at = jittered(schedule, slot) if kind == "slot" else slot if kind == "catch_up" else now
    return Execution(
        id=execution_id(stored.tenant, stored.id, slot),
        tenant=stored.tenant,
        schedule_id=stored.id,
        slot=slot,
        fire_at=fire_at,
        kind=kind,
        revision=stored.revision,
        attention_at=max(fire_at, now),
        created_at=now,
        caller=caller,
        expires_at=max(fire_at, now) + KEPT_MS,
    )


def _note_missed(stored: StoredSchedule, schedule: Schedule, first: int, fresh: int, until: int) -> Plan:
    after = first - 1 if stored.backlog_after is None else stored.backlog_after
    next_at = next_slot(schedule, fresh - 1)
    move = _move(stored, next_at=next_at, due_at=until, backlog_after=after, backlog_until=fresh - 1)
    return Plan((), move, again=True)


def _work_off(stored: StoredSchedule, schedule: Schedule, now: int) -> tuple[list[Execution], int, int | None]:
    """Executions of the next portion, how many were missed in it, and behind which slot the rest begins, if any."""
    assert stored.backlog_after is not None
    assert stored.backlog_until is not None
    found = slots_between(schedule, stored.backlog_after, stored.backlog_until, PORTION + 1)
    portion, finished = found[:PORTION], len(found) <= PORTION
    is_last = finished or schedule.misfire.policy != "once"
    chosen = made_up(schedule.misfire, portion, stored.backlog_until) if is_last else []
    executions = [claim(stored, schedule, slot, now, kind="catch_up") for slot in chosen]
    left = portion[: -len(chosen)] if chosen else portion
    if left:
        executions.append(_missed(stored, schedule, left, now))
    return executions, len(portion), None if finished else portion[-1]


def _missed(stored: StoredSchedule, schedule: Schedule, slots: Sequence[int], now: int) -> Execution:
    """One record for all of them: an outage does not fill the log."""
    count = len(slots)
    said = (
        f"{count} slot{'s' if count > 1 else ''} up to {to_text(slots[-1])} missed while the scheduler was not running; "
        f"not made up (misfire: {schedule.misfire.policy}, window {schedule.misfire.window_ms // 1000} s)"
    )
    record = claim(stored, schedule, slots[0], now, kind="catch_up")
    return Execution(
        id=record.id,
        tenant=record.tenant,
        schedule_id=record.schedule_id,
        slot=record.slot,
        fire_at=record.fire_at,
        kind="catch_up",
        status="missed",
        reason=said,
        revision=record.revision,
        created_at=now,
        ended_at=now,
        missed=count,
        until=slots[-1],
        expires_at=record.expires_at,
    )


def _move(
    stored: StoredSchedule,
    *,
    next_at: int | None,
    due_at: int | None,
    backlog_after: int | None = None,
    backlog_until: int | None = None,
    missed: int = 0,
) -> Move:
    return Move(
        tenant=stored.tenant,
        id=stored.id,
        revision=stored.revision,
        from_next=stored.next_at,
        from_backlog=stored.backlog_after,
        next_at=next_at,
        backlog_after=backlog_after,
        backlog_until=backlog_until,
        due_at=due_at,
        missed=missed,
    )


def _earliest(*times: int | None) -> int | None:
    return min((time for time in times if time is not None), default=None)
