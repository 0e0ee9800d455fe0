"""What a tick does about one schedule, decided without any I/O: slots to claim, missed ones to count, where to go on.

Missed slots take two steps. First the range of them is written down with the schedule, whose regular slots go on at
once; later the range is worked off in portions, each of which is the same whenever it is computed. So a tick that died
in the middle is repeated exactly, and an outage of any length costs each tick no more than a portion (SC-13).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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


@dataclass(frozen=True, slots=True)
class Portion:
    """Slots of a backlog, and behind which slot the rest of it begins, if there is one."""

    slots: Sequence[int]
    after: int | None

    def without(self, taken: Collection[int]) -> Portion:
        """Those that were missed: between two outages there were slots in time."""
        return Portion([slot for slot in self.slots if slot not in taken], self.after)


def backlog_portion(stored: StoredSchedule, schedule: Schedule) -> Portion:
    """The next portion of a schedule that has a backlog."""
    assert stored.backlog_after is not None
    assert stored.backlog_until is not None
    found = slots_between(schedule, stored.backlog_after, stored.backlog_until, PORTION + 1)
    return Portion(found[:PORTION], found[PORTION - 1] if len(found) > PORTION else None)


def plan_backlog(stored: StoredSchedule, schedule: Schedule, portion: Portion, now: int, until: int) -> Plan:
    """What becomes of missed slots. Until a backlog is worked off, its schedule is due again behind all that have waited."""
    made_up, after, missed = _work_off(stored, schedule, portion, now), portion.after, len(portion.slots)
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


def _work_off(stored: StoredSchedule, schedule: Schedule, portion: Portion, now: int) -> list[Execution]:
    """Executions of those that are made up for, and the record of the others."""
    assert stored.backlog_until is not None
    is_last = portion.after is None or schedule.misfire.policy != "once"
    chosen = made_up(schedule.misfire, portion.slots, stored.backlog_until) if is_last else []
    executions = [claim(stored, schedule, slot, now, kind="catch_up") for slot in chosen]
    left = portion.slots[: -len(chosen)] if chosen else portion.slots
    if left:
        executions.append(_missed(stored, schedule, left, now))
    return executions


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
