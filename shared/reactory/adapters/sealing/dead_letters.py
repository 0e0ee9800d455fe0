"""DeadLetters whose bodies are sealed: a trigger or an event brings its data with it. Ids and queues stay plain."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.dead_letters import DeadLetter, DeadLetters, DeadLetterState

CONTEXT = "dead letter"


class SealedDeadLetters:
    def __init__(self, inner: DeadLetters, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def add(self, letters: Sequence[DeadLetter]) -> None:
        self._inner.add([replace(letter, body=self._sealer.seal(letter.body, CONTEXT)) for letter in letters])

    def get(self, letter_id: str) -> DeadLetter | None:
        found = self._inner.get(letter_id)
        return None if found is None else replace(found, body=self._sealer.open(found.body, CONTEXT))

    def redriven(self, letter_id: str, reason: str, by: str, at: int) -> bool:
        return self._inner.redriven(letter_id, reason, by, at)

    def delete(self, letter_id: str) -> bool:
        return self._inner.delete(letter_id)

    def count(self, tenant: str) -> int:
        return self._inner.count(tenant)

    # last in the class: below it, the type ``list`` would mean this method
    def list(
        self, tenant: str, queue: str | None, state: DeadLetterState | None, limit: int, after: str | None = None
    ) -> list[DeadLetter]:
        return self._inner.list(tenant, queue, state, limit, after)
