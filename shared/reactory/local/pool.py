"""The containers of one function: as many as are needed at once, up to a ceiling; idle ones are kept, as Lambda does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from reactory.local.frames import Fault
from reactory.local.process import Container, Failed, Launch, Outcome

_STOPPING = Failed("stopping", Fault("Runtime.Stopping", "The local stack is stopping"))
_BUSY = Failed("timeout", Fault("TooManyRequests", "No container became free in time"))


class Pool:
    """``start`` makes a container; tests give their own."""

    def __init__(
        self, launch: Launch, *, ceiling: int, timeout: float, start: Callable[[Launch], Container] = Container
    ) -> None:
        self.ceiling = ceiling
        self._launch = launch
        self._timeout = timeout
        self._start = start
        self._changed = threading.Condition()
        self._idle: list[Container] = []
        self._busy: set[Container] = set()
        self._retiring: set[Container] = set()
        self._starting = 0
        self._closed = False

    def invoke(self, event: object) -> Outcome:
        """Run the handler in a free container; waits for one as long as an invocation may take."""
        container = self._take()
        if isinstance(container, Failed):
            return container
        try:
            outcome = container.invoke(event, self._timeout)
        finally:
            self._give(container)
        if isinstance(outcome, Failed):
            self._tell(outcome.fault)
        return outcome

    def warm(self, count: int) -> None:
        """Have ``count`` containers, without waiting until they have imported the handler."""
        for _ in range(count):
            with self._changed:
                if self._closed or self._size() >= min(count, self.ceiling):
                    return
                self._starting += 1
            self._add(self._idle.append)

    def recycle(self) -> None:
        """Replace every container: the idle ones now, the busy ones when their invocation is done."""
        with self._changed:
            retiring = [*self._idle, *self._busy]
            self._retiring.update(retiring)
            self._idle.clear()
            self._busy.clear()
            self._changed.notify_all()
        for container in retiring:
            container.stop(urgent=False)
        self.warm(len(retiring))

    def pids(self) -> list[int]:
        """Process ids of the containers that live."""
        with self._changed:
            return [container.pid for container in (*self._busy, *self._idle) if container.alive]

    def kill_one(self) -> int | None:
        """SIGKILL one container, a busy one if there is any; its process id, None when there is none."""
        with self._changed:
            living = [container for container in (*self._busy, *self._idle) if container.alive]
        if not living:
            return None
        living[0].kill()
        return living[0].pid

    def close(self) -> None:
        """Take no more work and tell every container to finish what it does."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            containers = self._everyone()
        for container in containers:
            container.stop(urgent=True)

    def join(self, deadline: float) -> int:
        """Wait for their ends until ``deadline`` (monotonic), then kill; how many had to be killed."""
        killed = 0
        with self._changed:
            containers = self._everyone()
        for container in containers:
            if not container.join(max(0.0, deadline - time.monotonic())):
                killed += 1
                container.kill()
                container.join()
        return killed

    def kill(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            containers = self._everyone()
        for container in containers:
            container.kill()

    def _tell(self, fault: Fault) -> None:
        text = "".join(fault.trace) or f"{fault.type}: {fault.message}"
        for line in text.splitlines():
            self._launch.line(self._launch.setup.function, line)

    def _everyone(self) -> list[Container]:
        return [*self._idle, *self._busy, *self._retiring]

    def _size(self) -> int:
        return len(self._idle) + len(self._busy) + self._starting

    def _take(self) -> Container | Failed:
        deadline = time.monotonic() + self._timeout
        with self._changed:
            while not self._closed:
                while self._idle:
                    container = self._idle.pop()
                    if container.alive:
                        self._busy.add(container)
                        return container
                if self._size() < self.ceiling:
                    self._starting += 1
                    break
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return _BUSY
            else:
                return _STOPPING
        return self._add(self._busy.add)

    def _add(self, where: Callable[[Container], None]) -> Container:
        container: Container | None = None
        try:
            container = self._start(self._launch)
        finally:
            with self._changed:
                self._starting -= 1
                if container is not None:
                    where(container)
                self._changed.notify()  # one that was warmed up is free for whoever waits
                late = self._closed
        if late:
            container.stop(urgent=True)
        return container

    def _give(self, container: Container) -> None:
        with self._changed:
            self._retiring = {retiring for retiring in self._retiring if retiring.alive and retiring is not container}
            if container in self._busy:
                self._busy.remove(container)
                if container.alive:
                    self._idle.append(container)
                self._changed.notify()
