"""Messages that no function could work off, taken from the queues' dead-letter queues and kept to be looked at.

Errors of every method: StoreUnavailableError and AmbiguousWriteError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

KEPT_MS = 90 * 24 * 3_600_000

DeadLetterState = Literal["dead", "redriven"]


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True):
    """``id`` is the queue's message id; ``queue`` the queue that it was sent to; ``body`` its text as it was sent.
    ``died_at`` is when it was put aside, in ms. ``reason``, ``by`` and ``redriven_at`` are those of its redrive.
    """

    id: str
    queue: str
    body: str
    died_at: int
    tenant: str = "default"
    sent_at: int | None = None
    receives: int = 0
    attributes: Mapping[str, str] = {}
    state: DeadLetterState = "dead"
    reason: str = ""
    by: str = ""
    redriven_at: int | None = None


class DeadLetters(Protocol):
    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Keep them, for ``KEPT_MS``; one that is there already stays as it is, unless it was redriven and has died again."""
        ...

    def get(self, letter_id: str) -> DeadLetter | None: ...

    def redriven(self, letter_id: str, reason: str, by: str, at: int) -> bool:
        """Note that it was sent again; False when it is not there, or was sent again already."""
        ...

    def delete(self, letter_id: str) -> bool: ...

    def count(self, tenant: str) -> int:
        """How many are dead, those that were sent again not counted."""
        ...

    # last in the class: below it, the type ``list`` would mean this method
    def list(
        self, tenant: str, queue: str | None, state: DeadLetterState | None, limit: int, after: str | None = None
    ) -> list[DeadLetter]:
        """Without their bodies, ordered by when they died, the latest first, then by id; ``after`` is the id of the last one of the page before;
        InvalidCursorError if that one is gone.
        """
        ...
