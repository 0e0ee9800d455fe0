"""What happened in a run, event by event: for the eye, and for proof that one seed gives one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b

Event = tuple[float, str, str, str]


class Trace:
    """``now`` gives the virtual time in seconds. ``freezes`` counts the processes that were frozen in their work."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._events: list[Event] = []
        self.freezes = 0

    def note(self, who: str, what: str, detail: str = "") -> None:
        self._events.append((self._now(), who, what, detail))

    def __len__(self) -> int:
        """The number of the next event: what happened before has a smaller one."""
        return len(self._events)

    def lines(self) -> Iterator[str]:
        for number, (at, who, what, detail) in enumerate(self._events):
            yield f"{number:5d} {at:12.4f}s {who:14s} {what:20s} {detail}"

    @property
    def digest(self) -> str:
        """Two runs with one digest were the same, event for event."""
        digest = blake2b(digest_size=16)
        for event in self._events:
            digest.update(repr(event).encode())
        return digest.hexdigest()
