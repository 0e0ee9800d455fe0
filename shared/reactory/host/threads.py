"""Threads for synchronous steps: as many as are needed at once, up to a limit, results handed back to the loop in bulk.

``concurrent.futures`` costs a lock, a condition and a loop callback per call; a step that takes 20 µs should not pay
100 µs for them. A thread whose step was given up on (its attempt timed out) no longer counts, so it blocks nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

Job = Callable[[], Any]
Done = Callable[[Any], None]
Started = Callable[[], None]


class StepThreads:
    """Runs jobs on threads; ``done(result)`` is called on the loop's thread. Jobs must not raise.

    ``started()`` is called on the loop's thread when a thread is there for the job, so a timeout does not count the
    time spent in line.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._line: deque[tuple[Job, Done, Started]] = deque()
        self._jobs: SimpleQueue[tuple[Job, Done]] = SimpleQueue()
        self._results: deque[tuple[Done, Any]] = deque()
        self._lock = Lock()
        self._threads = 0
        self._busy = 0
        self._given_up = 0
        self._flushing = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def submit(self, loop: asyncio.AbstractEventLoop, job: Job, done: Done, started: Started) -> None:
        """Run a job as soon as a thread is free. Call from the loop's thread."""
        self._loop = loop
        if self._busy >= self._limit:
            self._line.append((job, done, started))
        else:
            self._begin(job, done, started)

    def _begin(self, job: Job, done: Done, started: Started) -> None:
        self._busy += 1
        if self._busy > self._threads:
            self._threads += 1
            Thread(target=self._work, name="reactory-step", daemon=True).start()
        started()
        self._jobs.put((job, done))

    def give_up(self) -> None:
        """A running job is no longer waited for: its thread does not count any more. On the loop's thread."""
        self._given_up += 1
        if self._given_up > self._limit:
            # steps that never end have taken as many threads again: those that come now wait in line for one of them
            return
        self._threads -= 1
        self._free()

    def taken_back(self) -> None:
        """A job that was given up has ended after all: its thread is there again. On the loop's thread."""
        self._given_up -= 1
        if self._given_up >= self._limit:
            self._free()
        else:
            self._threads += 1

    def finished(self) -> None:
        """A job that was waited for has ended. On the loop's thread."""
        self._free()

    def _free(self) -> None:
        self._busy -= 1
        if self._line and self._busy < self._limit:
            self._begin(*self._line.popleft())

    def _work(self) -> None:
        while True:
            job, done = self._jobs.get()
            self._results.append((done, job()))
            with self._lock:
                wake = not self._flushing
                self._flushing = True
            loop = self._loop
            if wake and loop is not None:
                try:
                    loop.call_soon_threadsafe(self._flush)
                except RuntimeError:  # the loop was closed: the process is ending
                    return

    def _flush(self) -> None:
        with self._lock:
            self._flushing = False
        while self._results:
            done, result = self._results.popleft()
            done(result)
