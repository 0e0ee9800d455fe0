"""Calls off the loop, in virtual time: most are run at one moment, some on a real thread that stops before each port.

A thread and the loop never run at once: one hands over to the other, so the order of things stays the seed's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, ClassVar

from reactory.host.threads import StepThreads

if TYPE_CHECKING:
    from tests.simulation.process import Process


class GoneSignal(BaseException):
    """The process that calls is dead: what called unwinds, and nobody hears of it."""


class Jobs(Executor):
    """The executor of one process. Each call takes its time to the port and back."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._paused: dict[Job, None] = {}
        self.current: Job | None = None

    def start(self, call: Callable[..., Any], args: tuple[Any, ...]) -> asyncio.Future[Any]:
        process = self._process
        future: asyncio.Future[Any] = process.loop.create_future()
        job = Job(process, call, args, future)
        process.loop.call_later(process.faults.latency(), job.begin)
        return future

    def pause(self) -> None:
        """Before a port is called: let others do something first, where the job can wait."""
        if self.current is not None:
            job = self.current
            self._paused[job] = None
            job.pause(self._process.faults.latency())
            self._paused.pop(job, None)

    def abandon(self) -> None:
        """The process is dead: let its threads go."""
        while self._paused:
            job, _ = self._paused.popitem()
            job.resume()


class Job:
    """One call on its way. Its future is set as its process, so never once that is dead."""

    def __init__(
        self, process: Process, call: Callable[..., Any], args: tuple[Any, ...], future: asyncio.Future[Any]
    ) -> None:
        self._process = process
        self._call = call
        self._args = args
        self._future = future
        self._over = False
        self._to_thread = Lock()
        self._to_loop = Lock()

    def begin(self) -> None:
        faults = self._process.faults
        if faults.profile.on_thread and faults.on_thread():
            self._to_thread.acquire()
            self._to_loop.acquire()
            _Thread.run(self._on_thread)
            self.resume()
        else:
            self._perform()

    def _perform(self) -> None:
        process = self._process
        try:
            result, error = self._call(*self._args), None
        except GoneSignal:
            return
        except Exception as raised:  # noqa: BLE001 - whatever it is, the caller gets it
            result, error = None, raised
        process.soon(self._deliver, result, error, after=process.faults.latency())

    def _deliver(self, result: Any, error: Exception | None) -> None:
        if self._future.cancelled():
            return
        if error is None:
            self._future.set_result(result)
        else:
            self._future.set_exception(error)

    # --- on a thread ----------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Let the thread go on, and wait until it stops again."""
        jobs = self._process.jobs
        before, jobs.current = jobs.current, self
        self._to_thread.release()
        self._to_loop.acquire()
        jobs.current = before

    def _on_thread(self) -> None:
        self._to_thread.acquire()
        try:
            self._perform()
        finally:
            self._to_loop.release()

    def pause(self, seconds: float) -> None:
        """On the thread: hand over to the loop, and go on when the time has come."""
        self._process.soon(self._go_on, after=seconds)
        self._to_loop.release()
        self._to_thread.acquire()

    def _go_on(self) -> None:
        if not self._process.dead:
            self.resume()


class _Thread:
    """Runs one call after another: to start a thread for each would take a tenth of a run."""

    _idle: ClassVar[list[_Thread]] = []

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        Thread(target=self._work, daemon=True).start()

    @classmethod
    def run(cls, call: Callable[[], None]) -> None:
        (cls._idle.pop() if cls._idle else cls())._calls.put(call)

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            Context().run(call)  # nothing of the last one is left
            self._idle.append(self)


class InlineThreads(StepThreads):
    """Synchronous steps without threads: the job runs at once, its result comes after a while."""

    def __init__(self, process: Process, duration: Callable[[], float]) -> None:
        super().__init__(64)
        self._process = process
        self._duration = duration

    def submit(
        self,
        loop: asyncio.AbstractEventLoop,
        job: Callable[[], Any],
        done: Callable[[Any], None],
        started: Callable[[], None],
    ) -> None:
        started()
        result = job()
        self._process.soon(done, result, after=self._duration())

    def give_up(self) -> None:
        """Nobody waits in line."""

    taken_back = finished = give_up
