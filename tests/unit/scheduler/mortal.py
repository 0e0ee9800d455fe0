"""Processes that die, or stop for a while, at any call of a port."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from reactory.scheduler.scheduler import Scheduler
from tests.unit.scheduler.lab import SchedulerLab

PORTS = ("schedules", "executions", "instances", "queue")


class DeathSignal(BaseException):
    """The process is gone: nothing that it would have done happens."""


class Life:
    """Counts the calls of one process over all of its ports, and does something at each."""

    def __init__(self, at_call: Callable[[int, bool], None]) -> None:
        self.calls = 0
        self._at_call = at_call

    def before(self) -> None:
        self.calls += 1
        self._at_call(self.calls, False)

    def after(self) -> None:
        self._at_call(self.calls, True)


class Port:
    """A port whose every call is told to the life of its process, before and after it is made."""

    def __init__(self, real: Any, life: Life) -> None:
        self._real = real
        self._life = life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)

        def call(*args: Any, **named: Any) -> Any:
            self._life.before()
            result = method(*args, **named)
            self._life.after()
            return result

        return call


def living(lab: SchedulerLab, life: Life) -> Scheduler:
    """A scheduler on the lab's stores whose calls are those of ``life``."""
    return lab.make_scheduler(**{name: Port(getattr(lab, name), life) for name in PORTS})


def dies_at(number: int, *, after: bool) -> Life:
    """A process that dies before or after its call with that number, and makes no other."""

    def at_call(call: int, is_after: bool) -> None:
        if call > number or (call == number and is_after == after):
            raise DeathSignal

    return Life(at_call)


class Paused:
    """Work on a thread of its own that stops after its call with that number until it is resumed. One thread runs at a
    time, so what happens is the same each time.
    """

    def __init__(self, number: int) -> None:
        self.life = Life(self._at_call)
        self._number = number
        self._paused = threading.Event()
        self._resumed = threading.Event()
        self._thread: threading.Thread | None = None
        self.errors: list[BaseException] = []

    def begin(self, work: Callable[[], object]) -> None:
        """Until the call is made, or the work is done."""
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()
        self._paused.wait(30)

    def resume(self) -> None:
        """To the end of the work."""
        self._resumed.set()
        assert self._thread is not None
        self._thread.join(30)
        for error in self.errors:
            raise error

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by who waits for it
            self.errors.append(error)
        finally:
            self._paused.set()

    def _at_call(self, call: int, after: bool) -> None:
        if call == self._number and after:
            self._paused.set()
            self._resumed.wait(30)
