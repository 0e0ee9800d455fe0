"""A store as one process sees it, which may die at any write."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from reactory.exceptions import StoreUnavailableError
from reactory.ports.store import InstanceStore

WRITES = ("create", "claim", "push", "absorb", "settle", "told", "renew", "send", "post", "append_history")


class WatchedStore:
    """A store as one process sees it: counts its writes, and is out of reach after ``last`` of them, as if the process
    had died there: what it does from then on has no effect on what is stored. ``states`` are the settled snapshots.
    """

    def __init__(self, store: InstanceStore, last: int | None = None) -> None:
        self._store = store
        self._last = last
        self.counts: dict[str, int] = defaultdict(int)
        self.states: list[str] = []

    def die(self) -> None:
        self._last = self.writes

    @property
    def writes(self) -> int:
        return sum(self.counts.values())

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **more: Any) -> Any:
            if self._last is not None and self.writes >= self._last:
                raise StoreUnavailableError("this process is gone")
            if name in WRITES:
                self.counts[name] += 1
            if name == "settle":
                self.states += [settle.state for settle in args[0]]
            return method(*args, **more)

        return call
