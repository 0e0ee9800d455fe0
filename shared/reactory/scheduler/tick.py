"""The tick: once a minute, claims every slot that falls due before the next one, and has it fired at its second (SC-6).

The order is what makes a crash harmless: claim the slots, each by a unique insert; then move the schedule on, if it is
still as it was read. Died in between: the next tick claims the same slots again, which changes nothing, and moves on.
Messages come from what is claimed, so that a tick also repeats the hints that others lost. What was missed comes last,
in the time that is left: no outage, however long, holds up what falls due now. It costs what is due.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from reactory.exceptions import ReactoryError, UnavailableError
from reactory.ports.executions import Kind, execution_id
from reactory.ports.schedules import StoredSchedule
from reactory.runner.services import Services
from reactory.scheduler.messages import fire_message
from reactory.scheduler.plan import MISFIRE_MS, MOST_SLOTS, Plan, backlog_portion, plan, plan_backlog
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import next_slot, slots_between
from reactory.scheduler.stored import to_schedule
from reactory.topology import SCHEDULES

_LOG = logging.getLogger("reactory.scheduler")

AHEAD_MS = 70_000
"""A tick looks a little further than to the next one, which may be late."""

PAGE = 500
CHUNK = 20
"""Schedules that are claimed for, and moved on, before the clock is looked at."""

CLAIM_S = 25.0
BUDGET_S = 45.0
"""Seconds that one tick may take to claim, and in all; what it did not come to is the next one's. What is claimed needs
its messages, so the claims must not use up the time for them.
"""

MOST_MISSED = 20_000
"""Missed slots that one tick works off, of all schedules; the last portion is finished."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """How many slots were claimed and how many found missed, how many messages were sent, and whether there may be more
    than this tick had time for.
    """

    claimed: int
    missed: int
    hints: int
    more: bool


class Tick:
    def __init__(self, services: Services) -> None:
        self._services = services

    def tick(self) -> Ticked:
        """Any number of ticks may run at once, or die anywhere."""
        clock = self._services.clock
        now, began = clock.now(), clock.monotonic()
        until = now + AHEAD_MS
        try:
            claimed, more, behind = self._claim(now, until, began + CLAIM_S)
        except ReactoryError:
            self._hint(until, began + BUDGET_S)  # what is claimed already starts all the same
            raise
        hints, unsent = self._hint(until, began + BUDGET_S)
        made_up, missed, left = self._work_off(now, until, began + BUDGET_S) if behind else (0, 0, False)
        return Ticked(claimed + made_up, missed, hints + made_up, more or unsent or left)

    def look(self, stored: StoredSchedule) -> None:
        """Claim what falls due soon of one schedule that has just been stored: the next tick would come too late for it.
        What fails here is left to that tick.
        """
        now = self._services.clock.now()
        until = now + AHEAD_MS
        if stored.due_at is None or stored.due_at > until:
            return
        try:
            for made in _planned(self._readable([stored], now), now, until):
                claimed = self._services.executions.claim(made.executions)
                self._services.schedules.advance([made.move])
                coming = [execution for execution in made.executions if execution.id in claimed]
                self._send([(one.id, one.attention_at or now, one.tenant) for one in coming], until)
        except UnavailableError as error:
            _LOG.warning("the first slots of %s are left to the next tick: %s", stored.id, error.message)

    def _claim(self, now: int, until: int, end: float) -> tuple[int, bool, bool]:
        """The slots of all that is due, chunk by chunk; how many, whether time was too short for all, and whether any
        schedule may have missed slots.
        """
        schedules, executions = self._services.schedules, self._services.executions
        after: tuple[int, str, str] | None = None
        claimed, behind = 0, False
        while True:
            page = schedules.due(until, PAGE, after)
            again = len(page) == PAGE
            for begin in range(0, len(page), CHUNK):
                if self._services.clock.monotonic() >= end:
                    return claimed, True, True
                readable = self._readable(page[begin : begin + CHUNK], now)
                plans = _planned(readable, now, until)
                claimed += len(executions.claim([one for made in plans for one in made.executions]))
                schedules.advance([made.move for made in plans])
                again = again or any(made.again for made in plans)
                behind = behind or any(made.move.backlog_after is not None for made in plans)
            if not again:
                return claimed, False, behind
            after = (page[-1].due_at or 0, page[-1].tenant, page[-1].id)

    def _work_off(self, now: int, until: int, end: float) -> tuple[int, int, bool]:
        """Portions of what was missed, schedule by schedule, those that have waited longest first. How many slots are
        made up for, how many were missed, and whether some are left.
        """
        after: tuple[int, str, str] | None = None
        made_up = missed = 0
        is_left = False
        while True:
            page = self._services.schedules.due(until, PAGE, after)
            for stored in page:
                if stored.backlog_after is None or stored.backlog_until is None or (schedule := _read(stored)) is None:
                    continue
                if missed >= MOST_MISSED or self._services.clock.monotonic() >= end:
                    return made_up, missed, True
                with _alone(stored):
                    portion = backlog_portion(stored, schedule)
                    made = plan_backlog(
                        stored, schedule, portion.without(self._taken(stored, portion.slots)), now, until
                    )
                    made_up += self._make_up(made, until)
                    missed += made.move.missed
                    is_left = is_left or made.again
            if len(page) < PAGE:
                return made_up, missed, is_left
            after = (page[-1].due_at or 0, page[-1].tenant, page[-1].id)

    def _taken(self, stored: StoredSchedule, slots: Sequence[int]) -> set[int]:
        """Those that were claimed in time, or by somebody's request. What a tick that died has claimed of them is not
        among these: it is claimed again.
        """
        return self._known(stored, slots, without="catch_up")

    def _known(self, stored: StoredSchedule, slots: Sequence[int], without: Kind | None = None) -> set[int]:
        by_id = {_slot_id(stored, slot): slot for slot in slots}
        return {by_id[found] for found in self._services.executions.known(list(by_id), without=without)}

    def _make_up(self, made: Plan, until: int) -> int:
        claimed = self._services.executions.claim(made.executions)
        self._services.schedules.advance([made.move])
        coming = [
            (one.id, one.attention_at, one.tenant)
            for one in made.executions
            if one.id in claimed and one.attention_at is not None
        ]
        try:
            self._send(coming, until)
        except UnavailableError as error:
            _LOG.warning("slots not hinted at, the next tick does it: %s", error.message)
        return len(coming)

    def _readable(self, page: Sequence[StoredSchedule], now: int) -> list[tuple[StoredSchedule, Schedule, int | None]]:
        """Each with its first slot that is not claimed. That is ``next_at``, unless a tick died between its two writes:
        found out where slots would count as missed otherwise.
        """
        read = [(stored, schedule) for stored in page if (schedule := _read(stored)) is not None]
        late = [one for one, _ in read if one.next_at is not None and one.next_at < now - MISFIRE_MS]
        known = self._services.executions.known([_slot_id(one, one.next_at or 0) for one in late])
        firsts = []
        for stored, schedule in read:
            died = stored.next_at is not None and _slot_id(stored, stored.next_at) in known
            with _alone(stored):
                first = self._unclaimed(stored, schedule) if died else stored.next_at
                firsts.append((stored, schedule, first))
        return firsts

    def _unclaimed(self, stored: StoredSchedule, schedule: Schedule) -> int | None:
        assert stored.next_at is not None
        slots = slots_between(schedule, stored.next_at - 1, stored.next_at + AHEAD_MS + MISFIRE_MS, MOST_SLOTS)
        known = self._known(stored, slots)
        left = (slot for slot in slots if slot not in known)
        return next(left, next_slot(schedule, slots[-1] if slots else stored.next_at - 1))

    def _hint(self, until: int, end: float) -> tuple[int, bool]:
        """A message for each execution that something is to be done about soon, or that was left behind."""
        after: tuple[int, str] | None = None
        hints = 0
        while True:
            page = self._services.executions.due(until, PAGE, after)
            try:
                self._send(page, until)
            except UnavailableError as error:
                _LOG.warning("slots not hinted at, the next tick does it: %s", error.message)
                return hints, True
            hints += len(page)
            if len(page) < PAGE:
                return hints, False
            if self._services.clock.monotonic() >= end:
                return hints, True
            after = page[-1][1], page[-1][0]

    def _send(self, coming: Iterable[tuple[str, int, str]], until: int) -> None:
        now = self._services.clock.now()
        messages = [fire_message(execution_id, at - now, tenant) for execution_id, at, tenant in coming if at <= until]
        self._services.queue.send(SCHEDULES.name, messages)


def _planned(readable: Iterable[tuple[StoredSchedule, Schedule, int | None]], now: int, until: int) -> list[Plan]:
    """What to do about each. One that cannot be reckoned with is told, and stops no other."""
    plans: list[Plan] = []
    for stored, schedule, first in readable:
        with _alone(stored):
            plans.append(plan(stored, schedule, first, now, until))
    return plans


@contextmanager
def _alone(stored: StoredSchedule) -> Iterator[None]:
    """What is wrong with one schedule is told, and stops no other; a store that cannot be reached stops all."""
    try:
        yield
    except ReactoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the other schedules have to fire
        _LOG.exception("the slots of the schedule %s cannot be computed; update or delete it", stored.id)


def _slot_id(stored: StoredSchedule, slot: int) -> str:
    return execution_id(stored.tenant, stored.id, slot)


def _read(stored: StoredSchedule) -> Schedule | None:
    """None for a document that cannot be read any more: it is told, and must not stop the others."""
    try:
        return to_schedule(stored)
    except ReactoryError as error:
        _LOG.error("the schedule %s cannot be read; update or delete it: %s", stored.id, error.message)
        return None
