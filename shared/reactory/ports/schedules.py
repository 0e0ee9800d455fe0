"""The durable store of schedules: the document, the next slot, the counters, and the runs that are under way.

One schedule is one document, and each method that writes is one atomic update of it. Times are milliseconds since the
epoch, by the clock of whoever asks. A slot is claimed in the execution log (``reactory.ports.executions``), not here.

Errors of every method: StoreUnavailableError (nothing happened) and AmbiguousWriteError (it may have happened).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from reactory.ports.executions import Kind

REMEMBERED = 200
"""How many runs, and how many endings, a schedule remembers in order to count each once."""

MOST_RUNNING = 200
"""How many open runs are told apart; where runs may overlap without bound, the latest."""

Ending = Literal["done", "failed", "skipped", "missed"]


class OpenRun(msgspec.Struct, frozen=True):
    """A run that holds one of the schedule's places. ``key`` and ``kind`` are the execution's; ``number`` counts the
    schedule's runs.
    """

    key: str
    execution_id: str
    number: int
    kind: Kind = "slot"


class StoredSchedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``document`` is the schedule as JSON text, "" where it is encrypted and this process cannot open it: never write
    that back. ``fingerprint`` is that of the text from which it was stored. ``source`` is ``api``, or
    ``module:<nameSpace.name>``, and ``file`` then where in the module. ``version`` is that of the workflow, "" = the
    highest. ``revision`` goes up with every change of the document. ``enabled`` false counts, whatever the document says.

    ``next_at`` is the first slot that was not claimed yet; the slots after ``backlog_after`` up to ``backlog_until`` were
    missed and are still to be counted; ``due_at`` is when a tick has to look, None = never.

    ``delay_total`` is the sum of milliseconds between slots and their runs; ``today`` the number of a UTC day since the
    epoch, and ``today_count`` the runs of that day.
    """

    id: str
    tenant: str = "default"
    name: str
    workflow_id: str
    name_space: str
    workflow_name: str
    version: str = ""
    document: str
    fingerprint: str
    source: str = "api"
    file: str = ""
    enabled: bool = True
    next_at: int | None = None
    backlog_after: int | None = None
    backlog_until: int | None = None
    due_at: int | None = None
    revision: int
    created_at: int
    updated_at: int
    run_count: int = 0
    error_count: int = 0
    missed_count: int = 0
    skipped_count: int = 0
    delay_total: int = 0
    today: int = 0
    today_count: int = 0
    last_run: int | None = None
    running: tuple[OpenRun, ...] = ()


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """From what a tick has read to what it has seen to: applied only while the schedule is as it was read.

    ``missed`` is added to its counter.
    """

    tenant: str
    id: str
    revision: int
    from_next: int | None
    from_backlog: int | None
    next_at: int | None
    backlog_after: int | None
    backlog_until: int | None
    due_at: int | None
    missed: int = 0


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """A run that wants a place among at most ``limit`` (None: any number): of all open runs, or with ``among`` of those
    of that kind. ``delay`` is how late it is, in milliseconds.
    """

    key: str
    execution_id: str
    limit: int | None
    among: Kind | None = None
    kind: Kind = "slot"
    now: int
    delay: int
    day: int


class ScheduleQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of ``GET /workflow/schedules``; by id. ``workflow_id`` is ``nameSpace.Name``."""

    tenant: str = "default"
    workflow_id: str | None = None
    name_space: str | None = None
    workflow_name: str | None = None
    version: str | None = None
    enabled: bool | None = None
    source: str | None = None
    limit: int = 50
    cursor: str | None = None


class SchedulePage(msgspec.Struct, frozen=True):
    """``next_cursor`` None on the last page."""

    schedules: list[StoredSchedule]
    next_cursor: str | None
    total: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Of all schedules of a tenant. ``today`` counts the runs of the day that was asked for."""

    schedules: int = 0
    active: int = 0
    runs: int = 0
    errors: int = 0
    missed: int = 0
    skipped: int = 0
    today: int = 0
    delay_total: int = 0
    last_run: int | None = None
    next_at: int | None = None


class ScheduleStore(Protocol):
    def create(self, schedule: StoredSchedule) -> bool:
        """Insert; False when the id is taken."""
        ...

    def get(self, tenant: str, schedule_id: str) -> StoredSchedule | None: ...

    def replace(self, schedule: StoredSchedule, revision: int) -> bool:
        """Write everything but the counters, the open runs and ``created_at``, if ``revision`` is the stored one."""
        ...

    def stop(self, tenant: str, schedule_id: str, revision: int, now: int) -> bool:
        """Nothing is due any more and ``enabled`` is false, as a change of its own, if ``revision`` is the stored one.
        The document stays as it is, readable or not.
        """
        ...

    def assign(self, tenant: str, schedule_id: str, revision: int, source: str, file: str) -> bool:
        """Where it is from now, as a change of its own, if ``revision`` is the stored one; nothing else changes."""
        ...

    def delete(self, tenant: str, schedule_id: str) -> bool: ...

    def sources(self, tenant: str) -> Sequence[str]:
        """Where the tenant's schedules are from, each once, in order."""
        ...

    def due(self, until: int, limit: int, after: tuple[int, str, str] | None = None) -> list[StoredSchedule]:
        """Those whose ``due_at`` is not later than ``until``, the earliest first, without their open runs.

        ``after`` is (due_at, tenant, id) of the last one of the page before.
        """
        ...

    def advance(self, moves: Sequence[Move]) -> None:
        """Apply each whose schedule is still as it was read; the others are left alone."""
        ...

    def begin(self, tenant: str, schedule_id: str, run: Begin) -> int | None:
        """Hold a place and count the run, once per key; the run's number, the same one when it is asked again.

        None: no such schedule, or all places are taken.
        """
        ...

    def conclude(self, tenant: str, schedule_id: str, key: str, ending: Ending) -> None:
        """Give the place back and count the ending, once per key; ``done`` is not counted."""
        ...

    def totals(self, tenant: str, day: int) -> Totals: ...

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: ScheduleQuery) -> SchedulePage: ...
