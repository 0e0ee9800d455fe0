"""A schedule as the engine works with it: checked, with its defaults, and with all times in milliseconds."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from reactory.definition.reference import Reference
from reactory.scheduler.cron import Cron

Overlap = Literal["skip", "queue", "cancel_running", "allow"]
MisfirePolicy = Literal["skip", "once", "all"]


@dataclass(frozen=True, slots=True)
class CronTiming:
    cron: Cron


@dataclass(frozen=True, slots=True)
class IntervalTiming:
    """Every ``every`` milliseconds, counted from the schedule's start date, or else from the epoch."""

    every: int


@dataclass(frozen=True, slots=True)
class OnceTiming:
    """Once, ``at`` milliseconds since the epoch."""

    at: int


@dataclass(frozen=True, slots=True)
class StartRetry:
    """How a start that failed is tried again (SC-8). ``attempts`` counts the first one too."""

    attempts: int = 3
    delay_ms: int = 60_000
    multiplier: float = 1.0
    max_delay_ms: int = 3_600_000

    def wait_ms(self, failed: int) -> int | None:
        """How long to wait after the attempt with the number ``failed``, from 1; None when it was the last."""
        if failed >= self.attempts:
            return None
        return min(int(self.delay_ms * self.multiplier ** (failed - 1)), self.max_delay_ms)


@dataclass(frozen=True, slots=True)
class Misfire:
    """What becomes of missed slots (SC-13): those older than ``window_ms`` are never made up."""

    policy: MisfirePolicy = "skip"
    window_ms: int = 3_600_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is looked at before a slot fires (SC-10). Holidays are ``2026-12-25``, or ``--12-25`` for every year."""

    skip_if_previous_running: bool = False
    skip_on_holidays: tuple[str, ...] = ()
    required_services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """``starts`` and ``ends`` are milliseconds since the epoch, both included. ``timeout_ms`` None leaves a run as long
    as its workflow allows. ``source`` is the document as it was written.
    """

    id: str
    name: str
    workflow: Reference
    timing: CronTiming | IntervalTiming | OnceTiming
    zone: ZoneInfo
    description: str = ""
    enabled: bool = True
    jitter_ms: int = 0
    starts: int | None = None
    ends: int | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    retry: StartRetry = StartRetry()
    timeout_ms: int | None = None
    max_concurrent: int = 1
    overlap: Overlap = "skip"
    misfire: Misfire = Misfire()
    conditions: Conditions = Conditions()
    source: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def timezone(self) -> str:
        return self.zone.key

    def to_document(self) -> dict[str, Any]:
        """The document that this schedule was read from, as plain data: reading it again gives an equal schedule."""
        return copy.deepcopy(dict(self.source))
