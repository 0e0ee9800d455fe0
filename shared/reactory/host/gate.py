"""The guards as one pass meets them: who may start, who is held, and what is handed back when an attempt is over."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reactory.host.guards import Asked, Passage
from reactory.host.time_limits import time_limit
from reactory.kernel.effects import RunStep
from reactory.kernel.facts import Failed, Held, Succeeded
from reactory.ports.store import Instance

if TYPE_CHECKING:
    from reactory.host.batch import Batch
    from reactory.host.step_statistics import StepKey


class Gate:
    """``passed`` are the attempts that may start and have not yet: by path, their time limit in ms and what they were given."""

    def __init__(self, batch: Batch, instance: Instance) -> None:
        self._batch = batch
        self._services = batch.services
        self._instance = instance
        self._passed: dict[str, tuple[int, Passage]] = {}
        self.lost = False

    async def ask(self, asked: list[RunStep]) -> list[Held]:
        """Ask the guards of these, and how long the adaptive ones of them usually take. Answers those that have to wait."""
        held: list[Held] = []
        for effect, (limit, answer) in zip(asked, await self._batch.in_thread(self._ask, asked), strict=True):
            if isinstance(answer, Held):
                held.append(answer)
            else:
                self._passed[effect.path] = (limit, answer)
        return held

    def _ask(self, asked: list[RunStep]) -> list[tuple[int, Passage | Held]]:
        """On a thread."""
        limits = [self._limit(effect, self._typical(effect)) for effect in asked]
        questions = [
            Asked(effect, limit, in_line=self._waits_for_thread(effect))
            for effect, limit in zip(asked, limits, strict=True)
        ]
        answers = self._services.guards.ask(self._instance.tenant, self._instance.id, questions)
        return list(zip(limits, answers, strict=True))

    def _waits_for_thread(self, effect: RunStep) -> bool:
        function = self._services.steps.get(effect.handler)
        return function is not None and not function.is_async

    def _typical(self, effect: RunStep) -> int | None:
        if not effect.node.is_adaptive:
            return None
        return self._services.statistics.typical(step_key(self._instance, effect))

    def _limit(self, effect: RunStep, typical: int | None = None) -> int:
        return time_limit(effect.node, effect.timeouts, self._services.limits.step_timeout_ms, typical)

    def take(self, effect: RunStep) -> tuple[int, Passage | None]:
        """The time limit of an attempt that starts now, in ms, and what it was given."""
        return self._passed.pop(effect.path, None) or (self._limit(effect), None)

    def leave(self, passage: Passage | None, outcome: Succeeded | Failed | None) -> None:
        """Hand back, in the background, what the guards gave; without an outcome it was cancelled, or never began. A slot
        whose lease is over may be that of another worker already.
        """
        if passage is None or passage.is_idle(outcome) or not self._batch.is_running():
            return
        release = not (self.lost or self._batch.lease_is_over(self._instance.id))
        self._batch.in_background(partial(self._services.guards.leave, release=release), passage, outcome)

    def hand_back(self) -> None:
        """What was given for attempts that do not start."""
        if self._passed:
            passed, self._passed = self._passed, {}
            for _, passage in passed.values():
                self.leave(passage, None)


def step_key(instance: Instance, effect: RunStep) -> StepKey:
    return instance.tenant, instance.workflow_id, effect.node.id
