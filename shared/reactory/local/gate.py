"""Slots that are given to the most urgent who waits: how the queues of one function share its containers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

PATIENCE = 8
"""Each time that it was passed over so often, a waiter counts as one rank more urgent: nobody waits for ever."""


@dataclass(slots=True, eq=False)
class _Waiter:
    rank: int
    passed: int = 0
    granted: bool = False

    @property
    def urgency(self) -> int:
        return self.rank + self.passed // PATIENCE


class Gate:
    """``slots`` may be held at once. A higher rank goes first; among equals who came first."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._changed = threading.Condition()
        self._waiters: list[_Waiter] = []
        self._closed = False

    def until_free(self) -> bool:
        """Wait until there is a slot that nobody waits for, without taking it; False once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._free > 0)
            return not self._closed

    def enter(self, rank: int) -> bool:
        """Take a slot; False once closed."""
        waiter = _Waiter(rank)
        with self._changed:
            self._waiters.append(waiter)
            self._grant()
            self._changed.wait_for(lambda: self._closed or waiter.granted)
            if not waiter.granted:
                self._waiters.remove(waiter)
            return waiter.granted

    def leave(self) -> None:
        with self._changed:
            self._free += 1
            self._grant()
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _grant(self) -> None:
        while self._free and self._waiters and not self._closed:
            chosen = max(self._waiters, key=lambda waiter: waiter.urgency)
            self._waiters.remove(chosen)
            chosen.granted = True
            self._free -= 1
            for waiter in self._waiters:
                waiter.passed += 1
