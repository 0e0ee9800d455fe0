"""An asyncio loop whose time is virtual: when nothing is ready, it is at once the time of the next timer.

All processes of a run share it. Every callback belongs to the process that scheduled it: those of a dead process are
dropped, so nothing of it ever happens again, not even a ``finally``; those of a frozen one wait until it thaws.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import Handle, TimerHandle, events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar
from inspect import CORO_CREATED, getcoroutinestate
from itertools import count
from types import CoroutineType
from typing import Any, Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
MOST_TURNS = 400_000
"""Callbacks of one run: more is a circle that never ends."""


class Owner(Protocol):
    """What the loop has to know of a process."""

    dead: bool
    frozen: bool
    held: deque[Handle]


CURRENT: ContextVar[Owner | None] = ContextVar("process", default=None)
"""The process that runs now; None is the world itself."""


class RunsJobs(Protocol):
    """An executor that knows how to run a call in virtual time."""

    def start(self, call: Callable[..., Any], args: tuple[Any, ...]) -> asyncio.Future[Any]: ...


class StandstillError(Exception):
    """Nothing is ready and nothing is due, ever."""


class CircleError(Exception):
    """So many callbacks were run that somebody must be going in a circle."""


class SimLoop(asyncio.BaseEventLoop):
    """``problems`` are the errors that callbacks raised: defects, of the engine or of the simulator."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.turns = 0
        self._now = 0.0
        self._queue: deque[Handle] = deque()
        self._timers: list[tuple[float, int, TimerHandle]] = []
        self._numbers = count()
        self._tasks: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        """Seconds since the run began."""
        return self._now

    # --- scheduling -----------------------------------------------------------------------------------------------

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Handle:
        handle = Handle(callback, args, self, context)
        self._queue.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # only one thread runs at a time

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        handle = TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        return self.call_at(self._now + max(0.0, delay), callback, *args, context=context)

    def again(self, handles: deque[Handle]) -> None:
        """Let what was held back have its turn."""
        self._queue.extend(handles)
        handles.clear()

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        task = asyncio.Task(coro, loop=self, context=context)
        self._tasks.append(task)
        return task

    def run_in_executor(  # type: ignore[override]  # only executors of the simulation run here
        self, executor: RunsJobs, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        return executor.start(func, args)

    # --- running --------------------------------------------------------------------------------------------------

    def run_until_complete(self, future: Any) -> Any:
        """Raises StandstillError and CircleError beside what the future raises."""
        task = asyncio.ensure_future(future, loop=self)
        events._set_running_loop(self)
        try:
            while not task.done():
                self._turn()
        finally:
            events._set_running_loop(None)
        return task.result()

    def _turn(self) -> None:
        ready, timers = self._queue, self._timers
        if not ready:
            while timers and timers[0][2]._cancelled:
                heapq.heappop(timers)
            if not timers:
                raise StandstillError
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            handle = heapq.heappop(timers)[2]
            if not handle._cancelled:
                ready.append(handle)
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise CircleError
        current = ready.popleft()
        if not current._cancelled:
            self._give_turn(current)

    def _give_turn(self, handle: Handle) -> None:
        owner = handle._context.get(CURRENT)  # type: ignore[attr-defined]  # typeshed leaves it out
        if owner is None:
            handle._run()
        elif owner.frozen:
            owner.held.append(handle)
        elif not owner.dead:
            handle._run()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What a callback raised. That tasks of dead processes are never finished is as it should be."""
        if "handle" in context:
            self.problems.append(f"{context['message']}: {context.get('exception')!r}")

    # --- what asyncio asks of a loop ----------------------------------------------------------------------------

    def get_debug(self) -> bool:
        return False

    def set_debug(self, enabled: bool) -> None:
        """It has no such mode."""

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def close(self) -> None:
        """Forget all that was scheduled."""
        for task in self._tasks:
            coro = task.get_coro()
            if isinstance(coro, CoroutineType) and getcoroutinestate(coro) == CORO_CREATED:
                coro.close()  # or Python would complain that it never began
        self._tasks.clear()
        self._queue.clear()
        self._timers.clear()

    def __del__(self, *_: object) -> None:
        """Nothing of the system was opened."""

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """Skipped when its turn comes."""
