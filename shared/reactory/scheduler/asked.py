"""Runs that somebody asks for: one now, or those of a past period (SC-14)."""

from __future__ import annotations

from msgspec.structs import replace

from reactory.exceptions import ConflictError, InvalidRequestError, UnavailableError
from reactory.ports.executions import Execution
from reactory.ports.schedules import StoredSchedule
from reactory.runner.instant import to_text
from reactory.runner.services import Services
from reactory.scheduler.answers import BackfillAnswer, ExecutionView
from reactory.scheduler.fire import FireSlots
from reactory.scheduler.messages import fire_message
from reactory.scheduler.plan import claim
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import slots_between
from reactory.scheduler.stored import find_schedule, to_schedule
from reactory.scheduler.view import execution_view
from reactory.topology import SCHEDULES

MOST_BACKFILLED = 1000
"""Slots of one request."""

_TRIES = 100


class AskedRuns:
    def __init__(self, services: Services, fire: FireSlots) -> None:
        self._services = services
        self._fire = fire

    def trigger(self, schedule_id: str, *, caller: str = "", tenant: str = "default") -> ExecutionView:
        """One run now, whether or not the schedule is enabled, without its conditions; it may have to wait for its turn.

        Raises ConflictError where overlap forbids it, or the workflow cannot be started.
        """
        stored = find_schedule(self._services.schedules, schedule_id, tenant)
        claimed = self._claim_now(stored, to_schedule(stored), caller)
        fired = self._fire.handle(claimed.id) or claimed
        if fired.status in ("skipped", "failed"):
            raise ConflictError(f"{schedule_id} was not started: {fired.reason}")
        return execution_view(fired)

    def backfill(
        self,
        schedule_id: str,
        begin: int,
        end: int,
        *,
        dry_run: bool = False,
        caller: str = "",
        tenant: str = "default",
    ) -> BackfillAnswer:
        """The slots from ``begin`` to ``end`` that have led to no run, each once, one after another as places are free.

        Raises InvalidRequestError for a period that is not over, or that has too many slots; nothing is done then.
        """
        stored = find_schedule(self._services.schedules, schedule_id, tenant)
        schedule = to_schedule(stored)
        now = self._services.clock.now()
        if not begin <= end <= now:
            raise InvalidRequestError(
                f"from and to: a period that ends by now ({to_text(now)}), from its begin to its end"
            )
        slots = slots_between(schedule, begin - 1, end, MOST_BACKFILLED + 1)
        if len(slots) > MOST_BACKFILLED:
            raise InvalidRequestError(
                f"from and to: more than {MOST_BACKFILLED} slots lie between them; give a shorter period"
            )
        wanted = [claim(stored, schedule, slot, now, kind="backfill", caller=caller) for slot in slots]
        claimed = self._free(wanted) if dry_run else self._take(wanted)
        return BackfillAnswer(
            id=schedule_id,
            dry_run=dry_run,
            matched=len(slots),
            claimed=len(claimed),
            slots=[to_text(slot) for slot in slots],
        )

    def _claim_now(self, stored: StoredSchedule, schedule: Schedule, caller: str) -> Execution:
        """The millisecond of now is the slot; the next one, if another slot has it."""
        now = self._services.clock.now()
        for slot in range(now, now + _TRIES):
            wanted = claim(stored, schedule, slot, now, kind="manual", caller=caller)
            if self._services.executions.claim([wanted]):
                return wanted
        raise ConflictError(f"{stored.id} is triggered more often than can be told apart; try again")

    def _free(self, wanted: list[Execution]) -> list[Execution]:
        return [one for one in wanted if _may_run(self._services.executions.get(one.id))]

    def _take(self, wanted: list[Execution]) -> list[Execution]:
        """Insert the new ones; those that were missed or skipped are claimed anew."""
        new = self._services.executions.claim(wanted)
        taken = [one for one in wanted if one.id in new or self._anew(one)]
        try:
            self._services.queue.send(SCHEDULES.name, [fire_message(one.id, 0, one.tenant) for one in taken])
        except UnavailableError:
            return taken  # a tick finds them
        return taken

    def _anew(self, wanted: Execution) -> bool:
        found = self._services.executions.get(wanted.id)
        if found is None or not _may_run(found):
            return False
        return self._services.executions.update(
            replace(wanted, version=found.version + 1, round=found.round + 1, missed=0)
        )


def _may_run(found: Execution | None) -> bool:
    """A slot that nobody has claimed, or that has led to no run; counted already, if that was counted."""
    if found is None:
        return True
    return found.status in ("missed", "skipped", "failed") and found.attention_at is None
