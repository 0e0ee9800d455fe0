"""One queue in memory: what is ready, what becomes ready when, and who holds what.

A heap holds the moments at which a delayed message falls due or a received one comes back. An item of the heap counts
only while its ticket is the message's; others are leftovers, thrown away when they come up or outnumber the rest.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from reactory.adapters.memory.ready import Ready
from reactory.ports.clock import Clock
from reactory.ports.queue import Depth, Received

State = Literal["delayed", "visible", "in_flight", "gone"]
_LEFTOVERS = 1024
_NO_TICKET = -1


@dataclass(slots=True, eq=False)
class Entry:
    """A message in a queue. ``ticket`` names the one item of the heap that speaks for it."""

    message_id: str
    body: str
    group: str
    sent_at: int
    delay: float = 0.0
    receives: int = 0
    receipt: str = ""
    state: State = "visible"
    ticket: int = _NO_TICKET


class Channel:
    """``visibility`` is seconds; after ``max_receives`` an entry moves to ``dead`` (None: it stays)."""

    def __init__(self, clock: Clock, visibility: float, max_receives: int = 0, dead: Channel | None = None) -> None:
        self._clock = clock
        self._visibility = visibility
        self._max_receives = max_receives
        self._dead = dead
        self._changed = threading.Condition()
        self._closed = False
        self._ready: Ready[Entry] = Ready()
        self._heap: list[tuple[float, int, Entry]] = []
        self._tickets = count()
        self._receipts: dict[str, Entry] = {}
        self._counts: dict[State, int] = {"delayed": 0, "visible": 0, "in_flight": 0, "gone": 0}

    def add(self, entries: Sequence[Entry]) -> None:
        with self._changed:
            now = self._clock.monotonic()
            for entry in entries:
                self._counts[entry.state] += 1
                if entry.delay > 0:
                    self._schedule(entry, "delayed", now + entry.delay)
                else:
                    self._show(entry)

    def receive(self, max_messages: int, wait_seconds: float) -> list[Received]:
        deadline = self._clock.monotonic() + wait_seconds
        with self._changed:
            while True:
                now = self._clock.monotonic()
                self._promote(now)
                if self._counts["visible"] or now >= deadline or self._closed:
                    return self._take(max_messages, now)
                until = min(deadline, self._heap[0][0]) if self._heap else deadline
                self._changed.wait(until - now)

    def delete(self, receipts: Sequence[str]) -> None:
        with self._changed:
            for receipt in receipts:
                entry = self._receipts.pop(receipt, None)
                if entry is not None:
                    self._move(entry, "gone")
            self._sweep()

    def change_visibility(self, receipt: str, seconds: float) -> None:
        with self._changed:
            self._promote(now := self._clock.monotonic())
            entry = self._receipts.get(receipt)
            if entry is None or entry.state != "in_flight":
                return
            if seconds > 0:
                self._schedule(entry, "in_flight", now + seconds)
            else:
                self._return(entry)
            self._sweep()

    def depth(self) -> Depth:
        with self._changed:
            self._promote(self._clock.monotonic())
            return Depth(self._counts["visible"], self._counts["in_flight"], self._counts["delayed"])

    def wake(self) -> None:
        """Let every waiting receiver look at the clock again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """From now on nobody waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # What follows runs under the lock.

    def _move(self, entry: Entry, state: State) -> None:
        self._counts[entry.state] -= 1
        self._counts[state] += 1
        entry.state = state
        entry.ticket = _NO_TICKET

    def _schedule(self, entry: Entry, state: State, due: float) -> None:
        self._move(entry, state)
        entry.ticket = next(self._tickets)
        item = (due, entry.ticket, entry)
        heapq.heappush(self._heap, item)
        if self._heap[0] is item:  # who waits, waits for a later moment
            self._changed.notify_all()

    def _show(self, entry: Entry) -> None:
        self._move(entry, "visible")
        self._ready.push(entry.group, entry)
        self._changed.notify()

    def _promote(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            _, ticket, entry = heapq.heappop(self._heap)
            if entry.ticket == ticket:
                self._return(entry)

    def _return(self, entry: Entry) -> None:
        """A delayed message is due, or a received one was not deleted."""
        if self._dead is None or entry.receives < self._max_receives:
            self._show(entry)
            return
        self._receipts.pop(entry.receipt, None)
        self._move(entry, "gone")
        self._dead.add([Entry(entry.message_id, entry.body, entry.group, entry.sent_at)])

    def _take(self, max_messages: int, now: float) -> list[Received]:
        taken: list[Received] = []
        while len(taken) < max_messages and self._counts["visible"]:
            entry = self._ready.pop()
            if entry.state == "visible":
                taken.append(self._hand_out(entry, now))
        return taken

    def _hand_out(self, entry: Entry, now: float) -> Received:
        self._receipts.pop(entry.receipt, None)
        entry.receives += 1
        entry.receipt = f"{entry.message_id}#{entry.receives}"
        self._receipts[entry.receipt] = entry
        self._schedule(entry, "in_flight", now + self._visibility)
        return Received(entry.message_id, entry.receipt, entry.body, entry.receives, entry.sent_at, entry.group)

    def _sweep(self) -> None:
        live = self._counts["delayed"] + self._counts["in_flight"]
        if len(self._heap) > 2 * live + _LEFTOVERS:
            self._heap = [item for item in self._heap if item[2].ticket == item[1]]
            heapq.heapify(self._heap)
