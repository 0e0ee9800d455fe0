"""One Lambda container as a process: ``python -m reactory.local.container FD PARENT_PID``.

It imports the handler, then runs one invocation after the other on its main thread, as the Lambda runtime does. It
ends when it is told to, and at once when the stack is gone, however that died.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from types import FrameType
from typing import Any, cast

from reactory.local.channel import Channel
from reactory.local.frames import Ack, Failure, Fault, Invoke, Ready, Result, Setup, Stop, ToContainer
from reactory.local.lambda_context import LambdaContext
from reactory.local.relay import Relay

Handler = Callable[[Any, LambdaContext], Any]
_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Serve invocations until told to stop."""
    fd, parent = int(arguments[0]), int(arguments[1])
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the stack, which then stops its containers in order
    signal.signal(signal.SIGTERM, _ignore)  # finish the invocation; a handler module may put its own in place
    channel: Channel[ToContainer] = Channel(socket.socket(fileno=fd), cast("type[ToContainer]", ToContainer))
    setup = channel.receive()
    if not isinstance(setup, Setup):
        return 1
    relay = Relay(channel)
    jobs: queue.SimpleQueue[Invoke | Stop] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, relay, jobs), name="channel", daemon=True).start()
    try:
        handler = _load(setup, relay)
    except Exception as error:  # noqa: BLE001 - whatever the handler's module raises is reported as Lambda does it
        channel.send(Ready(_fault(error)))
        return 1
    channel.send(Ready())
    while isinstance(job := jobs.get(), Invoke):
        _run(channel, handler, setup, job)
    return 0


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """A handler rather than SIG_IGN: that one would be inherited by the processes that steps start."""


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when the stack dies. The channel's end does the same elsewhere."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _listen(channel: Channel[ToContainer], relay: Relay, jobs: queue.SimpleQueue[Invoke | Stop]) -> None:
    try:
        while (frame := channel.receive()) is not None:
            if isinstance(frame, Ack):
                relay.answer(frame)
            elif isinstance(frame, Invoke | Stop):
                jobs.put(frame)
    finally:
        os._exit(1)  # nobody is left to work for, whatever the main thread does


def _load(setup: Setup, relay: Relay) -> Handler:
    _import_path(setup.wiring)(relay.queue, relay.bus, relay.counters)
    return cast("Handler", _import_path(setup.handler))


def _import_path(path: str) -> Callable[..., Any]:
    module, _, name = path.rpartition(".")
    return cast("Callable[..., Any]", getattr(import_module(module), name))


def _run(channel: Channel[ToContainer], handler: Handler, setup: Setup, job: Invoke) -> None:
    context = LambdaContext(setup.function, setup.memory, job.id, job.deadline)
    try:
        result = handler(job.event, context)
        channel.send(Result(job.id, result))
    except Exception as error:  # noqa: BLE001 - a handler's error belongs to the invocation, not to the container
        channel.send(Failure(job.id, _fault(error)))


def _fault(error: Exception) -> Fault:
    return Fault(type(error).__name__, str(error), traceback.format_exception(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
