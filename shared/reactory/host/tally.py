"""What a pass has to note for the statistics, kept until the facts that it follows from are durable (EH-12, EH-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.host.gate import step_key
from reactory.host.step_statistics import StepKey, occurrence
from reactory.kernel.effects import AttemptFailed, RunStep
from reactory.kernel.facts import Failed, Succeeded
from reactory.ports.statistics import Occurrence
from reactory.ports.store import Instance

if TYPE_CHECKING:
    from reactory.host.batch import Batch


class Tally:
    def __init__(self, batch: Batch, instance: Instance) -> None:
        self._batch = batch
        self._instance = instance
        self._failures: dict[tuple[str, int, int], Occurrence] = {}
        self._taken: dict[StepKey, list[int]] = {}

    def failed(self, failure: AttemptFailed) -> None:
        """Once per attempt, however often its fact is applied anew, and at whatever moment then."""
        self._failures[failure.path, failure.generation, failure.attempt] = occurrence(self._instance, failure)

    def ended(self, effect: RunStep, outcome: Succeeded | Failed) -> None:
        """How long it took matters where a time-out follows it."""
        if effect.node.is_adaptive and isinstance(outcome, Succeeded):
            key = step_key(self._instance, effect)
            self._taken.setdefault(key, []).append(max(0, outcome.at - outcome.started))

    def write(self) -> None:
        """All that was applied is durable now."""
        if self._failures or self._taken:
            failures, taken = [*self._failures.values()], self._taken
            self._failures, self._taken = {}, {}
            self._batch.in_background(self._batch.services.statistics.note, failures, taken)
