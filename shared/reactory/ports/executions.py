"""The execution log of schedules: one document per slot, whose unique id is what makes a slot fire once (SC-6).

An execution is also the state of a slot on its way: whatever is still to be done about it has ``attention_at``, and is
found by that. Times are milliseconds since the epoch, by the clock of whoever asks.

Errors of every method: StoreUnavailableError (nothing happened) and AmbiguousWriteError (it may have happened).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

Kind = Literal["slot", "catch_up", "backfill", "manual"]
"""In time; after an outage; on request for a past period; on request for now."""

Status = Literal["claimed", "queued", "starting", "started", "skipped", "missed", "failed", "done"]

KEPT_MS = 90 * 24 * 3_600_000
"""How long an execution is kept after the last time that something was done about it."""


class Execution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``id`` is ``<tenant>/<scheduleId>/<slot>``. ``slot`` is the time that was scheduled, ``fire_at`` the same with its
    jitter. ``revision`` is the schedule's when it was claimed, ``round`` goes up when a slot that led to no run is claimed
    anew, ``version`` with every write.

    ``number`` is the run's, ``request`` what is started as JSON text: both stand from before the first attempt, so that
    every attempt asks for the same. ``delay`` is how late the run began. ``outcome`` is how the instance ended.
    ``counted`` is False for a slot that was none any more when its time came: it is told, and no number has it.
    ``asked`` is the number of the last open run that was asked whether it is over, 0 = the oldest is the next to be asked.
    ``caller`` is who asked for it, "" = nobody did.
    ``missed`` is how many slots a record of missed ones stands for, ``until`` the last of them.
    """

    id: str
    tenant: str = "default"
    schedule_id: str
    slot: int
    fire_at: int
    kind: Kind = "slot"
    status: Status = "claimed"
    reason: str = ""
    revision: int = 0
    round: int = 0
    version: int = 0
    attention_at: int | None = None
    created_at: int
    attempts: int = 0
    number: int | None = None
    request: str | None = None
    workflow_id: str | None = None
    instance_id: str | None = None
    started_at: int | None = None
    delay: int | None = None
    ended_at: int | None = None
    outcome: str | None = None
    caller: str = ""
    counted: bool = True
    asked: int = 0
    missed: int = 0
    until: int | None = None
    expires_at: int

    @property
    def key(self) -> str:
        """What the schedule knows this run by."""
        return f"{self.slot}.{self.round}"


def execution_id(tenant: str, schedule_id: str, slot: int) -> str:
    return f"{tenant}/{schedule_id}/{slot}"


class ExecutionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The latest slot first."""

    tenant: str = "default"
    schedule_id: str
    limit: int = 50
    cursor: str | None = None


class ExecutionPage(msgspec.Struct, frozen=True):
    """``next_cursor`` None on the last page."""

    executions: list[Execution]
    next_cursor: str | None


class ExecutionLog(Protocol):
    def claim(self, executions: Sequence[Execution]) -> set[str]:
        """Insert each whose id is new; the ids of those. The others stay as they are."""
        ...

    def get(self, execution_id: str) -> Execution | None: ...

    def known(self, ids: Sequence[str], *, without: Kind | None = None) -> set[str]:
        """Those of the ids that are in the log, but for those of the kind ``without``."""
        ...

    def update(self, execution: Execution) -> bool:
        """Write it, if the stored ``version`` is the one before its own. False: somebody was faster, or it is gone."""
        ...

    def due(self, until: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, str]]:
        """(id, attention_at, tenant) of those whose ``attention_at`` is not later than ``until``, the earliest first.

        ``after`` is (attention_at, id) of the last one of the page before.
        """
        ...

    def queued(self, tenant: str, schedule_id: str, limit: int, *, without: Kind | None = None) -> list[str]:
        """The ids of those that wait for their turn, but for those of the kind ``without``, the earliest slot first."""
        ...

    def soonest(self, tenant: str, begin: int, end: int) -> int | None:
        """When the first of the claimed slots fires that fire from ``begin`` to ``end``, jitter included."""
        ...

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ExecutionQuery) -> ExecutionPage: ...
