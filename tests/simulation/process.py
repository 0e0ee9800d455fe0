"""A process of the simulated system: a Lambda container, or whoever else calls the ports. It can die, and freeze."""

from __future__ import annotations

from asyncio import Handle, Task
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import TYPE_CHECKING, Any

from tests.simulation.executor import Jobs
from tests.simulation.loop import CURRENT, SimLoop

if TYPE_CHECKING:
    from tests.simulation.faults import Faults
    from tests.simulation.trace import Trace

BEGIN_MS = 1_760_000_000_000
"""The true time at which every run begins."""


class TrueClock:
    """The database's clock: virtual time without error."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def now(self) -> int:
        return BEGIN_MS + int(self._loop.time() * 1000 + 1e-6)

    def monotonic(self) -> float:
        return self._loop.time()


class SkewedClock:
    """A process's own clock: ``skew_ms`` ahead of the true one, its monotonic one begins anywhere."""

    def __init__(self, loop: SimLoop, skew_ms: int, begin: float) -> None:
        self._loop = loop
        self._skew = BEGIN_MS + skew_ms
        self._begin = begin

    def now(self) -> int:
        return self._skew + int(self._loop.time() * 1000 + 1e-6)

    def monotonic(self) -> float:
        return self._begin + self._loop.time()


class Process:
    """``kind`` is ``worker``, ``sweeper``, ``operator`` or ``client``. ``last_call`` is the port call that it made
    last, ``frozen_since`` whether it was frozen after that, ``freezes`` how often it was in the midst of its work. ``doubtful``: a call of the counters has failed.
    """

    def __init__(
        self, loop: SimLoop, trace: Trace, faults: Faults, kind: str, name: str, *, skew_ms: int = 0, begin: float = 0.0
    ) -> None:
        self.loop = loop
        self.trace = trace
        self.faults = faults
        self.kind = kind
        self.name = name
        self.dead = False
        self.frozen = False
        self.held: deque[Handle] = deque()
        self.clock = SkewedClock(loop, skew_ms, begin)
        self.jobs = Jobs(self)
        self.last_call = ""
        self.frozen_since = False
        self.freezes = 0
        self.doubtful = False
        self.on_death: Callable[[], None] = lambda: None
        self._thaws = 0
        self.context = Context()
        self.context.run(CURRENT.set, self)

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> Task[Any]:
        """Run a coroutine as this process."""
        return self.loop.create_task(coro, context=self.context.copy())

    def soon(self, callback: Callable[..., object], *args: Any, after: float = 0.0) -> None:
        """Call back as this process."""
        self.loop.call_later(after, callback, *args, context=self.context.copy())

    def kill(self, why: str) -> None:
        """From here on nothing of it happens any more."""
        if self.dead:
            return
        self.dead = True
        self.trace.note(self.name, "dies", why)
        self.jobs.abandon()
        self.on_death()

    def freeze(self, seconds: float | None = None) -> None:
        """Nothing of it happens until it thaws; for good, unless a time is given."""
        if self.dead:
            return
        self._thaws += 1
        self.frozen = self.frozen_since = True
        if seconds is not None:
            self.freezes += 1
            self.trace.freezes += 1
            self.trace.note(self.name, "freezes", f"for {seconds:.1f} s")
            self.loop.call_later(seconds, self._thaw_after, self._thaws, context=Context())

    def _thaw_after(self, number: int) -> None:
        if number == self._thaws and not self.dead:
            self.trace.note(self.name, "thaws")
            self.thaw()

    def thaw(self) -> None:
        if self.frozen:
            self.frozen = False
            self.loop.again(self.held)
