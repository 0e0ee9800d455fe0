"""Whether a slot may run now: the schedule's state, its conditions, and what to do when runs would overlap (SC-4, SC-7,
SC-10, SC-13).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import islice
from typing import Literal, NamedTuple

from reactory.ports.executions import Execution
from reactory.ports.schedules import StoredSchedule
from reactory.runner.instant import to_text
from reactory.runner.services import Services
from reactory.scheduler.holidays import holiday_at
from reactory.scheduler.places import places, runs_alone
from reactory.scheduler.runs import Asked, Runs
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import next_slot

LATE_MS = 600_000
"""A slot that was claimed in time and is this late has waited for an outage, not for its turn: it was missed."""

POLL_MS = 5000
"""How often the first of those that wait looks whether a run has ended; the longer the latest run takes, the more seldom,
by a hundredth of that time, and never more seldom than the others.
"""

IDLE_MS = 60_000
"""How often the others look whether they have become the first: somebody may have forgotten to tell them."""

MOST_QUEUED = 100
"""Slots of one schedule that wait for their turn; further ones are skipped. A backfill is bounded by its request."""

MOST_ASKED = 100
"""Runs that one look asks whether they are over when all places are taken."""

LOOK_ON_MS = 2500
"""After it the next look asks the next runs. Longer than a message may come too early, so that each look has one."""

STOPPED = "the schedule is stopped"
"""Why a slot is skipped that was claimed before."""

KnownServices = Callable[[], Collection[str]]


class Refuse(NamedTuple):
    """``counted``: among those that were skipped, or missed."""

    status: Literal["skipped", "missed"]
    reason: str
    counted: bool = True


class Postpone(NamedTuple):
    """It waits for its turn; looked at again after ``delay_ms``. ``asked`` is as with ``LookOn``."""

    reason: str
    delay_ms: int
    asked: int = 0


class LookOn(NamedTuple):
    """Nothing is decided yet: the runs behind the number ``asked`` are still to be asked whether they are over."""

    asked: int


Verdict = Refuse | Postpone | LookOn | None
"""None: go on."""


class Judge:
    """``known`` gives the references of the services that modules have registered here, ``ns.Name@1.0.0``."""

    def __init__(self, services: Services, runs: Runs, known: KnownServices) -> None:
        self._services = services
        self._runs = runs
        self._known = known

    def judge(self, stored: StoredSchedule, schedule: Schedule, execution: Execution) -> Verdict:
        """All that is asked before a place is taken. What somebody asked for by hand has to wait for its turn only."""
        reason = None
        if execution.kind in ("slot", "catch_up"):
            reason = _void(stored, schedule, execution)
        if reason is not None:
            return Refuse("skipped", reason, counted=False)
        if self.is_late(execution) and not self._is_made_up(schedule, execution):
            return Refuse("missed", f"no one came to fire it before {to_text(self._services.clock.now())}")
        if execution.kind != "manual":
            reason = self._condition(stored, schedule, execution)
        if reason is not None:
            return Refuse("skipped", reason)
        return self._turn(schedule, execution)

    def overlap(self, schedule: Schedule, execution: Execution) -> Verdict:
        """All places are taken, as far as it is known. None: one has become free. A look asks so many runs; that none is
        free is said when all have been asked.
        """
        before = self._services.schedules.get(execution.tenant, execution.schedule_id)
        there = places(schedule, execution)
        asked = Asked([], 0)
        if before is not None:
            asked = self._runs.ask(before, there.among, execution.asked, MOST_ASKED)
        stored = self._services.schedules.get(execution.tenant, execution.schedule_id)
        if stored is None:
            return Refuse("skipped", "the schedule was deleted")
        taken, limit = there.counted(stored.running), there.limit
        if limit is None or len(taken) < limit or self._runs.holds(stored, execution):
            return None
        if runs_alone(schedule, execution) and (asked.unfinished or not asked.last):
            return Refuse("skipped", _unfinished(taken[0].execution_id))
        said = f"{len(taken)} run{'s' if len(taken) > 1 else ''} unfinished, maxConcurrent is {limit}"
        if execution.kind == "backfill" or (schedule.overlap == "queue" and not runs_alone(schedule, execution)):
            joined = self._join_queue(execution, said, stored.last_run)
            if asked.last and isinstance(joined, Postpone):
                return Postpone(joined.reason, LOOK_ON_MS, asked.last)
            return joined
        if asked.last:
            return LookOn(asked.last)
        match schedule.overlap:
            case "cancel_running":
                oldest = islice(self._runs.open(stored), min(len(taken) - limit + 1, MOST_ASKED))
                return self._cancel(execution, list(oldest), said)
            case _ if execution.status == "queued":
                return self._wait(execution, said, stored.last_run)
            case _:
                return Refuse("skipped", f"{said} (overlap: skip)")

    def is_late(self, execution: Execution) -> bool:
        """Whether it was claimed in time and then left behind, which makes it a missed one."""
        in_time = execution.kind == "slot" and execution.status == "claimed"
        return in_time and self._services.clock.now() - execution.fire_at > LATE_MS

    def _is_made_up(self, schedule: Schedule, execution: Execution) -> bool:
        """As the misfire policy says of a missed slot. Of several, ``once`` means the last one."""
        now = self._services.clock.now()
        if now - execution.slot > schedule.misfire.window_ms or schedule.misfire.policy == "skip":
            return False
        later = next_slot(schedule, execution.slot) if schedule.misfire.policy == "once" else None
        return later is None or now - later <= LATE_MS

    def _condition(self, stored: StoredSchedule, schedule: Schedule, execution: Execution) -> str | None:
        """Why it is skipped, or None (SC-10)."""
        conditions = schedule.conditions
        holiday = holiday_at(schedule, execution.slot)
        if holiday is not None:
            return f"a holiday: {holiday} (skipOnHolidays)"
        if conditions.required_services:
            known = set(self._known())
            known |= {reference.partition("@")[0] for reference in known}
            missing = [name for name in conditions.required_services if name not in known]
            if missing:
                return f"not registered: {', '.join(missing)} (requiredServices)"
        if runs_alone(schedule, execution):
            previous = next(self._runs.open(stored), None)
            return None if previous is None else _unfinished(previous.id)
        return None

    def _turn(self, schedule: Schedule, execution: Execution) -> Verdict:
        """Who came first starts first, where slots wait at all."""
        if not (schedule.overlap == "queue" or execution.kind == "backfill"):
            return None
        first = self._services.executions.queued(execution.tenant, execution.schedule_id, 1)
        if not first or first[0] == execution.id or _slot_of(first[0]) > execution.slot:
            return None
        return self._join_queue(execution, "behind earlier slots")

    def _join_queue(self, execution: Execution, said: str, last_run: int | None = None) -> Verdict:
        if execution.status == "claimed" and execution.kind != "backfill":
            queued = self._services.executions.queued
            waiting = queued(execution.tenant, execution.schedule_id, MOST_QUEUED, without="backfill")
            if len(waiting) == MOST_QUEUED:
                return Refuse("skipped", f"{said}; {MOST_QUEUED} slots wait already (overlap: queue)")
        return self._wait(execution, said, last_run)

    def _wait(self, execution: Execution, said: str, last_run: int | None) -> Verdict:
        """``last_run`` is when the latest run began."""
        first = self._services.executions.queued(execution.tenant, execution.schedule_id, 1)
        is_first = not first or first[0] == execution.id or _slot_of(first[0]) > execution.slot
        now = self._services.clock.now()
        age = now - (last_run or now)
        return Postpone(said, min(max(POLL_MS, age // 100), IDLE_MS) if is_first else IDLE_MS)

    def _cancel(self, execution: Execution, running: list[Execution], said: str) -> Verdict:
        reason = f"replaced by the run of {to_text(execution.slot)} of the schedule {execution.schedule_id}"
        cancelled = [self._runs.cancel(one, f"{reason} (overlap: cancel_running)") for one in running]
        return None if all(cancelled) else Postpone(f"{said}; one is just being started", POLL_MS)


def _void(stored: StoredSchedule, schedule: Schedule, execution: Execution) -> str | None:
    """Why the slot is one no more, if the schedule has changed, or was made anew, since it was claimed. A slot whose time
    had come before the change stays one, however long it waits for its turn.
    """
    if not stored.enabled:
        return STOPPED
    lay_ahead = execution.fire_at > stored.updated_at or execution.revision < stored.created_at
    changed = stored.revision != execution.revision and execution.kind == "slot"
    if changed and lay_ahead and next_slot(schedule, execution.slot - 1) != execution.slot:
        return "the schedule was changed, and this is no slot of it any more"
    return None


def _unfinished(execution_id: str) -> str:
    return f"the run of {to_text(_slot_of(execution_id))} is unfinished (skipIfPreviousRunning)"


def _slot_of(execution_id: str) -> int:
    return int(execution_id.rpartition("/")[2])
