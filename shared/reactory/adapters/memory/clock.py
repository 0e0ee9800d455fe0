"""Time and ids that a test owns: nothing moves unless it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count


class ManualClock:
    """A clock that stands still until ``advance`` or ``set``. Safe to share between threads."""

    def __init__(self, now: int = 1_767_225_600_000, monotonic: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._now = now
        self._monotonic = monotonic
        self._watchers: list[Callable[[], None]] = []

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, milliseconds: float) -> None:
        """Let time pass, on the wall clock and on the monotonic one, then tell the watchers."""
        if milliseconds < 0:
            raise ValueError("time does not go back: use set() to turn the wall clock")
        with self._lock:
            self._now += round(milliseconds)
            self._monotonic += milliseconds / 1000
        self._tell()

    def set(self, now: int) -> None:
        """Turn the wall clock, also back, as an operator or NTP does; the monotonic clock does not notice."""
        with self._lock:
            self._now = now
        self._tell()

    def watch(self, callback: Callable[[], None]) -> None:
        """``callback`` is called whenever time has moved, so that who waits for a moment can look again."""
        self._watchers.append(callback)

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()


class SequentialIds:
    """``prefix-000001``, ``prefix-000002``, …: readable in a failed test, sortable by time of creation."""

    def __init__(self, prefix: str = "id") -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def new(self) -> str:
        return f"{self._prefix}-{next(self._numbers):06d}"
