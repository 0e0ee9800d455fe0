"""Failed attempts and durations noted for operators and for adaptive time-outs (EH-12, EH-13): in the background, never in
anybody's way.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from reactory.exceptions import ReactoryError
from reactory.host.time_limits import typical_duration
from reactory.kernel.effects import AttemptFailed
from reactory.kernel.severity import severity_of
from reactory.ports.clock import Clock
from reactory.ports.statistics import Durations, ErrorStatistics, Occurrence
from reactory.ports.store import Instance

_LOG = logging.getLogger("reactory.host")

FRESH_S = 60
"""How long a process uses what it has read of a step's durations."""

REMEMBERED = 1000

StepKey = tuple[str, str, str]
"""Tenant, ``nameSpace.Name``, step id."""


class StepStatistics:
    """One for a process. The methods block, are called on threads, and never raise."""

    def __init__(self, errors: ErrorStatistics, durations: Durations, clock: Clock) -> None:
        self._errors = errors
        self._durations = durations
        self._clock = clock
        self._read: dict[StepKey, tuple[float, int | None]] = {}

    def note(self, occurrences: Sequence[Occurrence], durations: Mapping[StepKey, Sequence[int]]) -> None:
        try:
            if occurrences:
                self._errors.note(occurrences)
            for (tenant, workflow_id, step_id), taken in durations.items():
                self._durations.note(tenant, workflow_id, step_id, taken)
        except ReactoryError as error:
            _LOG.warning("statistics of attempts were not noted: %s", error.message)

    def typical(self, step: StepKey) -> int | None:
        """Mean and twice the deviation of its latest durations, None = not known; as of the last minute."""
        now = self._clock.monotonic()
        known = self._read.get(step)
        if known is not None and known[0] > now:
            return known[1]
        try:
            found = typical_duration(self._durations.recent(*step))
        except ReactoryError as error:
            _LOG.warning(
                "durations of step %s were not read, its time-out is the usual one: %s", step[2], error.message
            )
            found = None
        if len(self._read) >= REMEMBERED:
            self._read.clear()
        self._read[step] = (now + FRESH_S, found)
        return found


def occurrence(instance: Instance, failure: AttemptFailed) -> Occurrence:
    error = failure.error
    return Occurrence(
        tenant=instance.tenant,
        workflow_id=instance.workflow_id,
        step_id=failure.step,
        category=error.category,
        severity=severity_of(error.category),
        type=error.type,
        code=error.code,
        message=error.message,
        instance_id=instance.id,
        attempt=failure.attempt,
        at=failure.at,
    )
