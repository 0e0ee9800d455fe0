"""The machine's clock, and ids that sort by time.

An id is a ULID (https://github.com/ulid/spec): 48 bits of milliseconds and 80 of randomness, as 26 characters of
Crockford's base 32. Within one millisecond a process counts the random part up, so that its ids are strictly ascending.
"""

from __future__ import annotations

import os
import threading
import time

from reactory.ports.clock import Clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_RANDOM_BITS = 80
_RANDOM_END = 1 << _RANDOM_BITS


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


class UlidIds:
    """Ids by ``clock``. A clock that is turned back does not disturb the order of the ids of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pid = 0
        self._millis = -1
        self._random = 0

    def new(self) -> str:
        now = self._clock.now()
        with self._lock:
            # A forked child must not go on counting where its parent does.
            if now > self._millis or self._pid != os.getpid():
                self._draw(max(now, self._millis))
            else:
                self._random += 1
                if self._random == _RANDOM_END:
                    self._draw(self._millis + 1)
            number = self._millis << _RANDOM_BITS | self._random
        return _encoded(number)

    def _draw(self, millis: int) -> None:
        self._pid = os.getpid()
        self._millis = millis
        self._random = int.from_bytes(os.urandom(_RANDOM_BITS // 8))


def _encoded(number: int) -> str:
    """130 bits from the left, ten at a time: two characters each."""
    return "".join(_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10))
