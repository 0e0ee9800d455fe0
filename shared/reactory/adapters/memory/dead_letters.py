"""DeadLetters in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from msgspec.structs import replace

from reactory.exceptions import InvalidCursorError
from reactory.ports.dead_letters import DeadLetter, DeadLetterState


class MemoryDeadLetters:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: dict[str, DeadLetter] = {}

    def add(self, letters: Sequence[DeadLetter]) -> None:
        with self._lock:
            for letter in letters:
                known = self._letters.get(letter.id)
                if known is None or (known.redriven_at is not None and known.redriven_at < letter.died_at):
                    self._letters[letter.id] = letter

    def get(self, letter_id: str) -> DeadLetter | None:
        with self._lock:
            return self._letters.get(letter_id)

    def redriven(self, letter_id: str, reason: str, by: str, at: int) -> bool:
        with self._lock:
            letter = self._letters.get(letter_id)
            if letter is None or letter.state == "redriven":
                return False
            self._letters[letter_id] = replace(letter, state="redriven", reason=reason, by=by, redriven_at=at)
            return True

    def delete(self, letter_id: str) -> bool:
        with self._lock:
            return self._letters.pop(letter_id, None) is not None

    def count(self, tenant: str) -> int:
        with self._lock:
            return sum(letter.tenant == tenant and letter.state == "dead" for letter in self._letters.values())

    # last in the class: below it, the type ``list`` would mean this method
    def list(
        self, tenant: str, queue: str | None, state: DeadLetterState | None, limit: int, after: str | None = None
    ) -> list[DeadLetter]:
        with self._lock:
            found = [
                letter
                for letter in self._letters.values()
                if letter.tenant == tenant and queue in {None, letter.queue} and state in {None, letter.state}
            ]
            if after is not None:
                last = self._letters.get(after)
                if last is None:
                    raise InvalidCursorError("The dead letter that the cursor names is gone: begin again without it.")
                found = [letter for letter in found if _order(letter) > _order(last)]
        return [replace(letter, body="") for letter in sorted(found, key=_order)[:limit]]


def _order(letter: DeadLetter) -> tuple[int, str]:
    return -letter.died_at, letter.id
