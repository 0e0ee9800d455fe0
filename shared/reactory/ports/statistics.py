"""What went wrong, counted per workflow, step and category (EH-13), and how long steps take (EH-12).

Kept for operators: losing one occurrence of many in a crash is no harm, so they are noted after the facts are durable,
in the background. Errors of every method: StoreUnavailableError and AmbiguousWriteError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

BUCKET_MS = 3_600_000
"""The time series has one entry per hour."""

KEPT_MS = 90 * 24 * 3_600_000
"""How long an hour of it is kept."""

KEPT_DURATIONS = 100


class Occurrence(msgspec.Struct, frozen=True):
    """One failed attempt. ``workflow_id`` is ``nameSpace.Name``; ``at`` ms since the epoch."""

    tenant: str
    workflow_id: str
    step_id: str
    category: str
    severity: str
    type: str
    code: str
    message: str
    instance_id: str
    attempt: int
    at: int


class ErrorCount(msgspec.Struct, frozen=True):
    """All occurrences of one category at one step: how many, the first and the **latest**, by their own time."""

    workflow_id: str
    step_id: str
    category: str
    severity: str
    count: int
    first: int
    last: int
    type: str
    code: str
    message: str
    instance_id: str


class ErrorBucket(msgspec.Struct, frozen=True):
    """Occurrences of one category in the hour that begins at ``at``."""

    at: int
    category: str
    count: int


class ErrorStatistics(Protocol):
    def note(self, occurrences: Sequence[Occurrence]) -> None: ...

    def counts(self, tenant: str, workflow_id: str | None, limit: int, after: str | None = None) -> list[ErrorCount]:
        """Ordered by (workflow, step, category), beginning behind ``after``, which is those three joined by ``/``."""
        ...

    def series(self, tenant: str, workflow_id: str | None, since: int, until: int) -> list[ErrorBucket]:
        """The hours from ``since`` (included) to ``until`` (excluded) in which there was something, the earliest first."""
        ...

    def clear(self, tenant: str, workflow_id: str) -> int:
        """Forget all of a workflow; how many occurrences those were."""
        ...


class Durations(Protocol):
    """The latest durations (ms) of the successful attempts of a step."""

    def note(self, tenant: str, workflow_id: str, step_id: str, durations: Sequence[int]) -> None:
        """Keep these, the latest last; of all only the latest ``KEPT_DURATIONS``."""
        ...

    def recent(self, tenant: str, workflow_id: str, step_id: str) -> list[int]: ...
