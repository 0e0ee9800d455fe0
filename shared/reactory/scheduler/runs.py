"""The open runs of a schedule. The schedule's own list is what counts; an instance tells whether a run is over (SC-7).

A run stands in the list from before its instance is created until it was seen that the instance has ended, so nothing
between its begin and its end is ever counted as free.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from msgspec.structs import replace

from reactory.exceptions import ConflictError, InvalidScheduleError, NotFoundError
from reactory.ports.executions import KEPT_MS, Execution, Kind
from reactory.ports.schedules import StoredSchedule
from reactory.ports.store import Instance
from reactory.runner.control import ControlInstance
from reactory.runner.services import Services
from reactory.runner.transitions import FINISHED
from reactory.scheduler.stored import to_schedule

_OVER = frozenset({"skipped", "missed", "failed", "done"})


class Asked(NamedTuple):
    """The runs that are not over, and behind which number there are more to be asked; 0: there are none."""

    unfinished: list[Execution]
    last: int


class Ended(NamedTuple):
    """How an instance has ended, "" if it is gone; and why, where the schedule has to do with it."""

    outcome: str
    reason: str = ""


class Runs:
    def __init__(self, services: Services, control: ControlInstance) -> None:
        self._services = services
        self._control = control

    @staticmethod
    def holds(stored: StoredSchedule, execution: Execution) -> bool:
        """Whether the execution has its place already."""
        return any(run.key == execution.key for run in stored.running)

    def open(self, stored: StoredSchedule, among: Kind | None = None) -> Iterator[Execution]:
        """The executions, all or those of a kind, whose runs are not over, the oldest first, each asked about when it is
        reached. The places of those that are over are given back on the way.
        """
        for run in stored.running:
            if among not in (None, run.kind):
                continue
            execution = self._services.executions.get(run.execution_id)
            if execution is None or execution.key != run.key or execution.status in _OVER:
                self._services.schedules.conclude(stored.tenant, stored.id, run.key, "done")
            elif execution.status != "started" or self.finish(execution) is None:
                yield execution

    def ask(self, stored: StoredSchedule, among: Kind | None, after: int, most: int) -> Asked:
        """As ``open``, of at most so many runs, the first whose numbers are above ``after``."""
        later = [run for run in stored.running if run.number > after and among in (None, run.kind)]
        later.sort(key=lambda run: run.number)
        portion = replace(stored, running=tuple(later[:most]))
        return Asked(list(self.open(portion)), later[most - 1].number if len(later) > most else 0)

    def is_running(self, stored: StoredSchedule) -> bool:
        """As ``open``, without changing anything; the latest run is asked about first."""
        return any(self._is_open(run.execution_id, run.key) for run in reversed(stored.running))

    def finish(self, execution: Execution) -> Execution | None:
        """The execution as done, its place given back, if its instance has ended; None if it has not."""
        ended = self._ended(execution)
        return None if ended is None else self._done(execution, ended)

    def cancel(self, execution: Execution, reason: str) -> bool:
        """Ask a started run to end, and give its place to another. False: it is just being started, so not yet."""
        if execution.status != "started" or execution.instance_id is None:
            return False
        try:
            self._control.control(
                execution.instance_id,
                "cancel",
                reason=reason,
                caller=execution.schedule_id,
                tenant=execution.tenant,
            )
        except (ConflictError, NotFoundError):  # over already, or changing too fast
            ended = self._ended(execution)
            if ended is not None:
                self._done(execution, ended)
            return ended is not None
        self._done(execution, Ended("CANCELLED", reason))
        return True

    def _ended(self, execution: Execution) -> Ended | None:
        """None while the instance has not ended; one that is gone has ended too."""
        assert execution.instance_id is not None
        instance = self._services.instances.get(execution.instance_id)
        if instance is None:
            return Ended("")
        if instance.status not in FINISHED:
            return None
        code = (instance.reason or {}).get("code")
        return Ended(instance.status, self._timeout(execution, instance) if code == "maximum_duration" else "")

    def _timeout(self, execution: Execution, instance: Instance) -> str:
        """Whose time was over, as far as the schedule still says the same (SC-9)."""
        given = None
        with suppress(InvalidScheduleError):
            stored = self._services.schedules.get(execution.tenant, execution.schedule_id)
            given = None if stored is None else to_schedule(stored).timeout_ms
        whose = (
            f"of the schedule {execution.schedule_id}"
            if given is not None and given == instance.timeout
            else "of the run"
        )
        seconds = "" if instance.timeout is None else f" of {instance.timeout / 1000:g} s"
        return f"maximum_duration: the timeout{seconds} {whose} is over"

    def _done(self, execution: Execution, end: Ended) -> Execution:
        """The place first: who dies in between is asked again."""
        self._services.schedules.conclude(execution.tenant, execution.schedule_id, execution.key, "done")
        now = self._services.clock.now()
        ended = replace(
            execution,
            status="done",
            outcome=end.outcome,
            reason=end.reason,
            ended_at=now,
            attention_at=None,
            version=execution.version + 1,
            expires_at=now + KEPT_MS,
        )
        self._services.executions.update(ended)  # refused: somebody else has seen the same
        return ended

    def _is_open(self, execution_id: str, key: str) -> bool:
        execution = self._services.executions.get(execution_id)
        if execution is None or execution.key != key or execution.status in _OVER:
            return False
        return execution.status != "started" or self._ended(execution) is None
