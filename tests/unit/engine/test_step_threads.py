"""Threads for steps: bounded also when steps never end, and nobody who stands in line is forgotten."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from reactory.host.threads import StepThreads

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 3
JOBS = 20


class Jobs:
    """So many jobs that end when the gate opens. ``hang``: each is given up as soon as it has begun."""

    def __init__(self, threads: StepThreads, count: int, *, hang: bool) -> None:
        self._threads = threads
        self._count = count
        self._hang = hang
        self.gate = threading.Event()
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.most = 0
        self._all_ended = asyncio.Event()

    async def submit(self) -> None:
        loop = asyncio.get_running_loop()
        for number in range(self._count):
            self._threads.submit(loop, self._job(number), self._done, self._started)
            for _ in range(3):
                await asyncio.sleep(0)  # a turn for what the job's beginning has called for

    async def finish(self) -> None:
        self.gate.set()
        await asyncio.wait_for(self._all_ended.wait(), 30)

    def _job(self, number: int) -> Callable[[], int]:
        def wait() -> int:
            self.gate.wait()
            return number

        return wait

    def _started(self) -> None:
        self.begun.append(len(self.begun))
        self.most = max(self.most, len(self.begun) - len(self.ended))
        if self._hang:
            asyncio.get_running_loop().call_soon(self._threads.give_up)

    def _done(self, number: int) -> None:
        self.ended.append(number)
        if self._hang:
            self._threads.taken_back()
        else:
            self._threads.finished()
        if len(self.ended) == self._count:
            self._all_ended.set()


def alive() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "reactory-step"}


def test_steps_that_never_end_take_so_many_threads_and_no_more() -> None:
    """YF-6: of steps that hang, each gives its thread's place to the next, until twice as many threads as allowed are
    there; the others stand in line, and run as soon as one comes back.
    """

    async def scene() -> None:
        jobs = Jobs(StepThreads(LIMIT), JOBS, hang=True)
        await jobs.submit()
        assert len(alive() - before) == 2 * LIMIT
        assert len(jobs.begun) == 2 * LIMIT
        await jobs.finish()
        assert len(jobs.begun) == JOBS
        assert sorted(jobs.ended) == list(range(JOBS))
        assert len(alive() - before) == 2 * LIMIT

    before = alive()
    asyncio.run(scene())


@pytest.mark.parametrize("hung", [1, LIMIT, 2 * LIMIT])
def test_threads_that_came_back_are_used_again(hung: int) -> None:
    """YF-6: after steps that hung have ended, as many run side by side as ever, and not one more."""

    async def scene() -> None:
        threads = StepThreads(LIMIT)
        hanging = Jobs(threads, hung, hang=True)
        await hanging.submit()
        await hanging.finish()
        jobs = Jobs(threads, JOBS, hang=False)
        await jobs.submit()
        assert len(jobs.begun) == LIMIT
        await jobs.finish()
        assert jobs.most == LIMIT
        assert sorted(jobs.ended) == list(range(JOBS))

    asyncio.run(scene())
