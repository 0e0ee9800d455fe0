"""Concurrency limits that all processes share: at most ``limit`` holders of one key at a time.

Times are milliseconds since the epoch, by the clock of whoever asks. Errors: CountersUnavailableError; the caller lets it
pass then, and says so.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

MOST_SLOTS = 1_000
"""The largest limit: the holders of one key are kept in one item."""

LONGEST_HELD_MS = 30 * 86_400_000
"""A slot that is wanted for longer is held that long: then whoever holds it has to take it again."""


class SlotClaim(msgspec.Struct, frozen=True):
    """``holder`` wants one of ``limit`` slots, at most until ``until``: that of a process that died is free again then."""

    limit: int
    holder: str
    until: int


class Slots(Protocol):
    def take(self, tenant: str, key: str, claim: SlotClaim, now: int) -> int | None:
        """Hold a slot until it is released, or its time is over.

        None: held; a holder that holds one already keeps it, with the new ``until``. Else the answer is when the first
        of the others ends at the latest. Raises ValueError for a limit that is not 1 to MOST_SLOTS.
        """
        ...

    def release(self, tenant: str, key: str, holder: str) -> None:
        """Give it back; one that is not held any more is no error."""
        ...
