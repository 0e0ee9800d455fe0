"""One slot on its way, looked at whenever a message or a tick says so: judged, begun, started, watched, concluded.

    claimed ──► queued ──► starting ──► started ──► done
       └──► skipped, missed   └──► failed

What an execution is in says all that is to be done next, every step is harmless when it is done again, and each write is
made by one of those who try (``ExecutionLog.update``). So exactly one instance comes of a slot, whoever dies wherever,
and however often it is asked for: its idempotency key is made of the schedule and the slot (SC-6, SC-8).
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from msgspec.structs import replace

from reactory.exceptions import (
    AmbiguousWriteError,
    InvalidScheduleError,
    ReactoryError,
    SealedUnreadableError,
    UnavailableError,
)
from reactory.ports.executions import KEPT_MS, Execution
from reactory.ports.schedules import Begin, Ending, StoredSchedule
from reactory.runner.instant import to_text
from reactory.runner.services import Services
from reactory.runner.start import StartWorkflow
from reactory.scheduler.judge import LOOK_ON_MS, STOPPED, Judge, LookOn, Postpone, Refuse
from reactory.scheduler.messages import fire_message
from reactory.scheduler.places import places
from reactory.scheduler.runs import Runs
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.start_data import start_data
from reactory.scheduler.stored import read_schedule, to_schedule
from reactory.topology import SCHEDULES

_LOG = logging.getLogger("reactory.scheduler")

DAY_MS = 86_400_000

EARLY_MS = 2000
"""Clocks differ, and queues round: a message that comes so much too early is sent again for the rest of the time."""

FIRST_LOOK_MS = 60_000
LAST_LOOK_MS = 900_000
"""A run is looked at after a minute, then each time it is twice as old, at least every quarter of an hour."""

ROUNDS = 3
"""How often a place that has become free is tried for, before it is left to those who were faster."""

SHOWN = 500
"""Characters of an error that the log of executions keeps."""


class Request(msgspec.Struct, frozen=True):
    """What is started, the same for every attempt. ``timeout`` is milliseconds."""

    workflow: str
    data: dict[str, Any]
    timeout: int | None


class FireSlots:
    def __init__(self, services: Services, start: StartWorkflow, judge: Judge, runs: Runs) -> None:
        self._services = services
        self._start = start
        self._judge = judge
        self._runs = runs

    def handle(self, execution_id: str) -> Execution | None:
        """Do what is to be done about it now, if it is time; as it is then. None: there is no such execution.

        Raises UnavailableError; it comes again then.
        """
        execution = self._services.executions.get(execution_id)
        if execution is None or execution.attention_at is None:
            return execution
        left = execution.attention_at - self._services.clock.now()
        if left > 0:
            if left <= EARLY_MS:
                self._hint(execution)
            return execution
        match execution.status:
            case "claimed" | "queued":
                return self._begin(execution)
            case "starting":
                return self._try(execution)
            case "started":
                return self._look(execution)
            case _:
                return self._conclude(execution)

    def _begin(self, execution: Execution) -> Execution:
        """Judge it; then hold a place among the schedule's runs, which counts the run and gives it its number."""
        stored = self._services.schedules.get(execution.tenant, execution.schedule_id)
        if stored is None:
            return self._end(execution, "skipped", "the schedule was deleted")
        try:
            schedule = to_schedule(stored)
        except (InvalidScheduleError, SealedUnreadableError) as error:
            if not _is_wanted(stored, execution):
                return self._end(execution, "skipped", STOPPED, counted=False)
            if isinstance(error, SealedUnreadableError):  # its key may come back
                raise
            return self._end(execution, "failed", f"the schedule cannot be read any more: {error.message}"[:SHOWN])
        verdict = self._verdict(stored, schedule, execution)
        match verdict:
            case Refuse(status, reason, counted):
                return self._end(execution, status, reason, counted=counted)
            case Postpone():
                return self._queue(execution, verdict)
            case LookOn(asked):
                return self._look_on(execution, asked)
        request = msgspec.json.encode(make_request(schedule, execution, verdict)).decode()
        begun = self._write(execution, status="starting", number=verdict, request=request, reason="")
        if begun is None:
            return self._overtaken(execution)
        if execution.status == "queued":
            self._next_in_line(begun)
        return self._try(begun)

    def _verdict(
        self, stored: StoredSchedule, schedule: Schedule, execution: Execution
    ) -> Refuse | Postpone | LookOn | int:
        """The number of the run, which has its place then; or why it has none."""
        if not self._runs.holds(stored, execution):
            verdict = self._judge.judge(stored, schedule, execution)
            is_over = isinstance(verdict, Refuse) and (verdict.status == "missed" or not verdict.counted)
            if self._judge.is_late(execution) and not is_over:  # a missed one, whatever becomes of it
                self._services.schedules.conclude(stored.tenant, stored.id, f"{execution.key}.late", "missed")
            if verdict is not None:
                return verdict
        for _ in range(ROUNDS):
            number = self._place(schedule, execution)
            if number is not None:
                return number
            verdict = self._judge.overlap(schedule, execution)
            if verdict is not None:
                return verdict
        return LookOn(execution.asked)  # others take the places as they become free

    def _place(self, schedule: Schedule, execution: Execution) -> int | None:
        now = self._services.clock.now()
        limit, among = places(schedule, execution)
        run = Begin(
            key=execution.key,
            execution_id=execution.id,
            limit=limit,
            among=among,
            kind=execution.kind,
            now=now,
            delay=max(0, now - execution.fire_at),
            day=now // DAY_MS,
        )
        return self._services.schedules.begin(execution.tenant, execution.schedule_id, run)

    def _try(self, execution: Execution) -> Execution:
        """One attempt to start. An earlier one may have come through: then its instance is found."""
        assert execution.request is not None
        request = msgspec.json.decode(execution.request, type=Request)
        stored = self._services.schedules.get(execution.tenant, execution.schedule_id)
        if execution.attempts and not _is_wanted(stored, execution):
            why = "deleted" if stored is None else "stopped"
            return self._end(execution, "failed", f"{execution.reason}; not tried again, the schedule was {why}")
        try:
            instance = self._start.start_workflow(
                request.workflow,
                data=request.data,
                mode="schedule",
                trigger_id=f"{execution.schedule_id}/{to_text(execution.slot)}",
                caller=execution.caller or execution.schedule_id,
                timeout=request.timeout,
                idempotency_key=f"schedule:{execution.schedule_id}/{execution.slot}",
                tenant=execution.tenant,
            ).instance
        except AmbiguousWriteError:
            raise
        except ReactoryError as error:
            return self._failed(execution, stored, error)
        now = self._services.clock.now()
        started = self._write(
            execution,
            status="started",
            reason="",
            request=None,
            workflow_id=f"{instance.workflow_id}@{instance.version}",
            instance_id=instance.id,
            started_at=instance.created_at,
            delay=max(0, instance.created_at - execution.fire_at),
            attempts=execution.attempts + 1,
            attention_at=now + FIRST_LOOK_MS,
        )
        return self._overtaken(execution) if started is None else started

    def _failed(self, execution: Execution, stored: StoredSchedule | None, error: ReactoryError) -> Execution:
        """SC-8: once more after a while, by a message and by ``attention_at``; or no more."""
        attempts = execution.attempts + 1
        said = f"{error.code}: {error.message}"[:SHOWN]
        wait = None
        if stored is not None and execution.kind != "manual":
            schedule = read_schedule(stored)
            if isinstance(schedule, ReactoryError):
                said = f"{said}; not tried again, the schedule cannot be read: {schedule.message}"[:SHOWN]
            else:
                wait = schedule.retry.wait_ms(attempts)
        _LOG.warning("a run of %s could not be started (attempt %d): %s", execution.schedule_id, attempts, error.code)
        if wait is None:
            return self._end(execution, "failed", said, attempts=attempts)
        at = self._services.clock.now() + wait
        return self._later(execution, attempts=attempts, reason=said, attention_at=at)

    def _look(self, execution: Execution) -> Execution:
        """Is the run over? Its place is for the next one then."""
        now = self._services.clock.now()
        ended = self._runs.finish(execution)
        if ended is not None:
            self._next_in_line(ended)
            return ended
        age = now - (execution.started_at or now)
        watched = self._write(execution, attention_at=now + min(max(age, FIRST_LOOK_MS), LAST_LOOK_MS))
        return self._overtaken(execution) if watched is None else watched

    def _queue(self, execution: Execution, turn: Postpone) -> Execution:
        at = self._services.clock.now() + turn.delay_ms
        return self._later(execution, status="queued", reason=turn.reason, attention_at=at, asked=turn.asked)

    def _look_on(self, execution: Execution, asked: int) -> Execution:
        return self._later(execution, attention_at=self._services.clock.now() + LOOK_ON_MS, asked=asked)

    def _later(self, execution: Execution, **changes: Any) -> Execution:
        """It is looked at again by a message, or by a tick."""
        later = self._write(execution, **changes)
        if later is None:
            return self._overtaken(execution)
        self._hint(later)
        return later

    def _end(self, execution: Execution, status: Ending, reason: str, **more: Any) -> Execution:
        """It leads to no run. What is decided is written first, so that it is counted as what it is, and once."""
        now = self._services.clock.now()
        ended = self._write(
            execution, status=status, reason=reason, ended_at=now, request=None, attention_at=now, **more
        )
        if ended is None:
            return self._overtaken(execution)
        _LOG.info("the slot %s of %s was %s", to_text(ended.slot), ended.schedule_id, status)  # a reason may quote data
        return self._conclude(ended, has_followers=execution.status != "claimed")

    def _conclude(self, execution: Execution, *, has_followers: bool = True) -> Execution:
        """``has_followers``: it may have had a place, or been the first of those that wait."""
        assert execution.status in ("skipped", "missed", "failed", "done")
        ending = execution.status if execution.counted else "done"
        self._services.schedules.conclude(execution.tenant, execution.schedule_id, execution.key, ending)
        concluded = self._write(execution, attention_at=None)
        if has_followers:
            self._next_in_line(execution)
        return self._overtaken(execution) if concluded is None else concluded

    def _overtaken(self, execution: Execution) -> Execution:
        """Somebody else has seen to it. Where that one ended it, a place that was taken here is given back."""
        current = self._services.executions.get(execution.id)
        if current is None:
            return execution
        if current.status in ("skipped", "missed", "failed", "done"):
            ending = current.status if current.counted else "done"
            self._services.schedules.conclude(current.tenant, current.schedule_id, execution.key, ending)
        return current

    def _next_in_line(self, execution: Execution) -> None:
        """Whoever waits longest is looked at now instead of later. Not needed for anything but speed."""
        try:
            waiting = self._services.executions.queued(execution.tenant, execution.schedule_id, 1)
            first = self._services.executions.get(waiting[0]) if waiting else None
            if first is not None and first.id != execution.id and first.status == "queued":
                hurried = self._write(first, attention_at=self._services.clock.now())
                if hurried is not None:
                    self._hint(hurried)
        except UnavailableError as error:
            _LOG.warning("the next slot of %s is found by a tick: %s", execution.schedule_id, error.message)

    def _hint(self, execution: Execution) -> None:
        """A message for when it is time; later than queues can hold it back, a tick sends it."""
        assert execution.attention_at is not None
        delay = execution.attention_at - self._services.clock.now()
        if delay > LAST_LOOK_MS:
            return
        try:
            self._services.queue.send(SCHEDULES.name, [fire_message(execution.id, delay, execution.tenant)])
        except UnavailableError as error:
            _LOG.warning("a message was not sent, a tick finds the slot: %s", error.message)

    def _write(self, execution: Execution, **changes: Any) -> Execution | None:
        """The execution with the changes; None when somebody else has changed it meanwhile."""
        expires_at = self._services.clock.now() + KEPT_MS
        changed = replace(execution, version=execution.version + 1, expires_at=expires_at, **changes)
        return changed if self._services.executions.update(changed) else None


def make_request(schedule: Schedule, execution: Execution, number: int) -> Request:
    """SC-11: the start data are the properties, and what tells the run apart."""
    return Request(str(schedule.workflow), start_data(schedule, execution.slot, number), schedule.timeout_ms)


def _is_wanted(stored: StoredSchedule | None, execution: Execution) -> bool:
    return stored is not None and (stored.enabled or execution.kind in ("backfill", "manual"))
