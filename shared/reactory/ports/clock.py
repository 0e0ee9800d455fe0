"""Time and ids come from here, so that tests and the simulator own them."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now(self) -> int:
        """Wall-clock time: milliseconds since the Unix epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds, never going back: for leases and deadlines inside one process."""
        ...


class Ids(Protocol):
    def new(self) -> str:
        """A new opaque id, unique in the world, sortable by time of creation, URL-safe."""
        ...
