"""From a queue to its function, as an SQS event source does: receive, invoke, delete what was done, give back the rest.

One difference, for the sake of who waits in front of the screen: what failed comes back after seconds, not after the
queue's visibility timeout of minutes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from reactory.exceptions import ReactoryError
from reactory.local.gate import Gate
from reactory.local.process import Answer, Failed, Outcome
from reactory.local.sqs_event import failed_ids, to_event
from reactory.ports.queue import Received, Receiver
from reactory.topology import FunctionSpec, QueueSpec, sources

WAIT_SECONDS = 1.0
LONGEST_BACKOFF = 60.0
RECEIVE_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Supply:
    """What the queues of one function share. ``invoke`` runs the function with an event."""

    receiver: Receiver
    invoke: Callable[[object], Outcome]
    gate: Gate
    executor: Executor
    line: Callable[[str, str], None]


class Poller:
    """All queues of one function. They share its containers; a later queue of the topology is the more urgent one."""

    def __init__(
        self,
        function: FunctionSpec,
        receiver: Receiver,
        invoke: Callable[[object], Outcome],
        *,
        slots: int,
        line: Callable[[str, str], None],
    ) -> None:
        self._gate = Gate(slots)
        self._executor = ThreadPoolExecutor(slots, thread_name_prefix=f"invoke-{function.name}")
        supply = Supply(receiver, invoke, self._gate, self._executor, line)
        self._sources = [QueueSource(queue, rank, supply) for rank, queue in enumerate(sources(function))]

    def start(self) -> None:
        for source in self._sources:
            source.start()

    def close(self) -> None:
        """Receive no more. What was received and not yet begun goes back."""
        for source in self._sources:
            source.close()
        self._gate.close()

    def join(self) -> None:
        """Wait until all that was begun is over; the pool of containers sees to it that it ends."""
        for source in self._sources:
            source.join()
        self._executor.shutdown(wait=True)


class QueueSource:
    """One queue's loop. ``rank`` is its urgency among the queues of the function."""

    def __init__(self, spec: QueueSpec, rank: int, supply: Supply) -> None:
        self._spec = spec
        self._rank = rank
        self._supply = supply
        self._receiver = supply.receiver
        self._share = threading.BoundedSemaphore(spec.concurrency)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=f"poll-{spec.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def deliver(self, batch: Sequence[Received]) -> None:
        """Invoke the function with ``batch``, then settle with the queue."""
        outcome = self._supply.invoke(to_event(self._spec.name, batch))
        match outcome:
            case Answer(result):
                failed = failed_ids(result, batch)
            case Failed(cause):
                self._give_back(batch, at_once=cause in ("crash", "stopping"))
                return
        done = [message.receipt_handle for message in batch if message.message_id not in failed]
        if done:
            self._receiver.delete(self._spec.name, done)
        self._give_back([message for message in batch if message.message_id in failed])

    def _loop(self) -> None:
        while not self._closing.is_set() and self._supply.gate.until_free():
            try:
                batch = self._receive()
            except ReactoryError as error:
                self._supply.line(self._spec.name, f"cannot receive: {error.message}")
                self._closing.wait(RECEIVE_PAUSE)
                continue
            if batch:
                self._dispatch(batch)

    def _receive(self) -> list[Received]:
        """A batch: what is there; with a window, what comes within it too, until the batch is full."""
        batch = self._receiver.receive(self._spec.name, self._spec.batch_size, WAIT_SECONDS)
        until = time.monotonic() + self._spec.window
        while batch and len(batch) < self._spec.batch_size and not self._closing.is_set():
            left = until - time.monotonic()
            if left <= 0:
                break
            batch += self._receiver.receive(self._spec.name, self._spec.batch_size - len(batch), left)
        return batch

    def _dispatch(self, batch: list[Received]) -> None:
        self._share.acquire()
        if not self._supply.gate.enter(self._rank):
            self._share.release()
            self._give_back(batch, at_once=True)
            return
        self._supply.executor.submit(self._run, batch)

    def _run(self, batch: list[Received]) -> None:
        try:
            self.deliver(batch)
        except ReactoryError as error:  # the queue did not hear of it: the messages come again, which is harmless
            self._supply.line(self._spec.name, f"cannot settle a batch: {error.message}")
        finally:
            self._supply.gate.leave()
            self._share.release()

    def _give_back(self, batch: Sequence[Received], *, at_once: bool = False) -> None:
        for message in batch:
            backoff = 0.0 if at_once else min(2.0 ** (message.receive_count - 1), LONGEST_BACKOFF)
            self._receiver.change_visibility(self._spec.name, message.receipt_handle, backoff)
