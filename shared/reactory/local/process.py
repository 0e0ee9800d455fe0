"""A container as the stack sees it: a child process that answers one invocation at a time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, cast

from reactory.adapters.counters.table import Table
from reactory.local.channel import Channel
from reactory.local.frames import (
    Ack,
    ChangeCounter,
    Failure,
    Fault,
    Frame,
    Invoke,
    ListCounters,
    Publish,
    ReadCounter,
    Ready,
    Request,
    Result,
    Send,
    Setup,
    Stop,
    ToStack,
)
from reactory.ports.bus import Bus
from reactory.ports.queue import Queue

START_SECONDS = 60.0
"""How long an import of a handler may take. Lambda allows 10 s; a busy laptop may need more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the handler returned."""

    result: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer: the handler's error, its time was up, or its process ended or could not start."""

    cause: Literal["error", "timeout", "crash", "init", "stopping"]
    fault: Fault


Outcome = Answer | Failed


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a container of one function. ``environ`` is its whole environment.

    ``queue``, ``bus`` and ``counters`` get what the container sends through the channel, ``line`` the lines that it prints.
    """

    setup: Setup
    environ: Mapping[str, str]
    queue: Queue
    bus: Bus
    counters: Table
    line: Callable[[str, str], None]


class Container:
    """Starts at once, on a thread that lives as long as the process: the kernel's death signal goes by thread."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._lock = threading.Lock()
        self._started: Future[subprocess.Popen[bytes]] = Future()
        self._ready: Future[Fault | None] = Future()
        self._pending: tuple[str, Future[Outcome]] | None = None
        self._ended = threading.Event()
        self._doomed = False
        ours, self._theirs = socket.socketpair()
        self._channel: Channel[ToStack] = Channel(ours, cast("type[ToStack]", ToStack))
        threading.Thread(target=self._keep, name=launch.setup.function, daemon=True).start()
        self._process = self._started.result()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can take work: not one that was killed and has not ended yet."""
        return not (self._doomed or self._ended.is_set())

    def invoke(self, event: object, timeout: float) -> Outcome:
        """Run the handler; ``timeout`` seconds count from here, the start of the process does not. Kills what overruns."""
        fault = self._await_ready()
        if fault is not None:
            return Failed("init", fault)
        invocation = uuid.uuid4().hex
        pending: Future[Outcome] = Future()
        with self._lock:
            if self._ended.is_set():
                return self._crash()
            self._pending = (invocation, pending)
        self._send(Invoke(invocation, event, int((time.time() + timeout) * 1000)))
        try:
            return pending.result(timeout)
        except TimeoutError:
            self.kill()
            return Failed("timeout", Fault("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"))

    def stop(self, *, urgent: bool) -> None:
        """Let it finish its invocation and end; ``urgent`` adds SIGTERM, on which a worker hands its instances on."""
        self._send(Stop())
        if urgent:
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._doomed = True
        self._signal(signal.SIGKILL)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for its end; whether it came."""
        return self._ended.wait(timeout)

    def _await_ready(self) -> Fault | None:
        try:
            return self._ready.result(START_SECONDS)
        except TimeoutError:
            self.kill()
            return Fault("Runtime.InitTimeout", f"The handler was not imported within {START_SECONDS:.0f} s")

    def _crash(self) -> Failed:
        code = self._process.poll()
        return Failed("crash", Fault("Runtime.ExitError", f"The container's process ended (exit status {code})"))

    def _send(self, frame: Frame) -> None:
        with contextlib.suppress(OSError):  # gone: the keeper sees it too, and says so to whoever waits
            self._channel.send(frame)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _keep(self) -> None:
        """Start the process, serve its frames until it is gone, tell those who wait."""
        try:
            process = self._spawn()
        except OSError as error:
            self._started.set_exception(error)
            return
        self._started.set_result(process)
        output = threading.Thread(target=self._read_output, args=(process,), name="output", daemon=True)
        output.start()
        self._send(self._launch.setup)
        while (frame := self._channel.receive()) is not None:
            self._take(frame)
        process.wait()
        self._end()
        output.join()
        self._channel.close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        fd = self._theirs.fileno()
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "reactory.local.container", str(fd), str(os.getpid())],
                env=dict(self._launch.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(fd,),
                start_new_session=True,
            )
        finally:
            self._theirs.close()

    def _read_output(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        source = f"{self._launch.setup.function} {process.pid}"
        with process.stdout as lines:
            for line in lines:
                self._launch.line(source, line.decode(errors="replace").rstrip())

    def _end(self) -> None:
        with self._lock:
            self._ended.set()
            pending, self._pending = self._pending, None
        if not self._ready.done():
            self._ready.set_result(self._crash().fault)
        if pending:
            pending[1].set_result(self._crash())

    def _take(self, frame: ToStack) -> None:
        match frame:
            case Ready(fault):
                self._ready.set_result(fault)
            case Result(invocation, result):
                self._resolve(invocation, Answer(result))
            case Failure(invocation, fault):
                self._resolve(invocation, Failed("error", fault))
            case _:
                self._relay(frame)

    def _resolve(self, invocation: str, outcome: Outcome) -> None:
        with self._lock:
            if self._pending is None or self._pending[0] != invocation:
                return  # its time was up meanwhile
            pending, self._pending = self._pending[1], None
        pending.set_result(outcome)

    def _relay(self, request: Request) -> None:
        try:
            result = self._done(request)
        except Exception as error:  # noqa: BLE001 - it belongs to the handler that called, and is raised again there
            self._send(Ack(request.id, str(error) or type(error).__name__, getattr(error, "code", "")))
        else:
            self._send(Ack(request.id, result=result))

    def _done(self, request: Request) -> object:
        launch = self._launch
        match request:
            case Send(_, queue, messages):
                launch.queue.send(queue, messages)
                return None
            case Publish(_, events):
                launch.bus.publish(events)
                return None
            case ReadCounter(_, key):
                return launch.counters.get(key)
            case ChangeCounter(_, key, change):
                return launch.counters.change(key, change)
            case ListCounters(_, kind, limit, after):
                return launch.counters.list(kind, limit, after)
