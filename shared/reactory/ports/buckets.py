"""Rate limits that all processes share: token buckets, known by tenant and key.

Times are milliseconds since the epoch, by the clock of whoever asks. Errors: CountersUnavailableError; the caller lets it
pass then, and says so.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """A bucket of ``limit`` tokens that fills up, evenly, within ``per_ms``."""

    limit: int
    per_ms: int


class Buckets(Protocol):
    def take(self, tenant: str, key: str, rate: Rate, now: int, amount: int = 1) -> int | None:
        """Take ``amount`` tokens, at most ``rate.limit``.

        None: taken. Else nothing was taken, and the answer is the earliest time at which there may be enough. One
        conditional update per decision, none for who is known to be over the limit. Raises ValueError for an amount
        that no bucket of this rate can give.
        """
        ...
