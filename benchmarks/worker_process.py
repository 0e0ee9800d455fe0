"""A worker in a process of its own, which calls the real Lambda handler with the events that SQS would bring."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, ParamSpec, Self, TypeVar

import msgspec

from reactory.local.lambda_context import LambdaContext
from reactory.local.sqs_event import to_event
from reactory.ports.queue import Received
from reactory.topology import wakeup_queue

P = ParamSpec("P")
Answer = TypeVar("Answer")
Event = dict[str, Any]

_TIMEOUT_MS = 120_000
"""The worker's, as the topology has it."""


class Span(msgspec.Struct, frozen=True):
    """When a worker began and ended, on the clock that all processes of the machine share, and what it used."""

    began: float
    ended: float
    processor: float
    failed: int


def sqs_events(ids: Sequence[str], batch: int) -> list[Event]:
    """Wake-ups of these instances, in events of ``batch`` messages."""
    now = time.time_ns() // 1_000_000
    queue = wakeup_queue(2)
    messages = [
        Received(f"m-{number}", f"r-{number}", f'{{"instanceId":"{instance_id}"}}', 1, now, "default")
        for number, instance_id in enumerate(ids)
    ]
    return [to_event(queue, messages[begin : begin + batch]) for begin in range(0, len(messages), batch)]


def invoke(event: Event) -> Any:
    """One invocation of the worker's function in this process."""
    from functions.host.worker import handler

    deadline = time.time_ns() // 1_000_000 + _TIMEOUT_MS
    return handler(event, LambdaContext("host-worker", 1769, "bench", deadline))


def run_events(events: Sequence[Event]) -> Span:
    """One invocation after the other; how long that took."""
    failed = 0
    used = time.process_time()
    began = time.monotonic()
    for event in events:
        failed += len(invoke(event)["batchItemFailures"])
    return Span(began, time.monotonic(), time.process_time() - used, failed)


def _adopt(environ: Mapping[str, str]) -> None:
    os.environ.update(environ)


class WorkerProcess:
    """A fresh interpreter that runs functions of ours, one at a time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._pool = ProcessPoolExecutor(1, get_context("spawn"), _adopt, (dict(environ),))
        self.pid = self._pool.submit(os.getpid).result()

    def submit(self, function: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Future[Answer]:
        return self._pool.submit(function, *args, **kwargs)

    def call(self, function: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        """Run it there, and wait for its answer."""
        return self.submit(function, *args, **kwargs).result()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
