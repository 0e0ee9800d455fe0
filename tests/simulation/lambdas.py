"""AWS Lambda and its event sources: receives wake-ups, invokes containers, ends those that take too long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any

from functions.host.worker import Mail
from reactory.host.worker import Worker
from reactory.local.sqs_event import failed_ids, to_event
from reactory.ports.queue import Received
from reactory.topology import WAKEUPS
from tests.simulation.executor import InlineThreads

if TYPE_CHECKING:
    from random import Random

    from reactory.host.services import Services
    from tests.simulation.backend import Backend
    from tests.simulation.process import Process

BATCH = {queue.name: queue.batch_size for queue in WAKEUPS}


class Container:
    """One process with one worker, which takes one invocation after the other, frozen in between."""

    def __init__(self, process: Process, services: Services, random: Random) -> None:
        self.process = process
        threads = InlineThreads(process, lambda: random.choice((0.0, 0.01, 1.0)))
        self.worker = Worker(services, loop=process.loop, executor=process.jobs, threads=threads)
        self.busy = False
        self.ending = False
        self.invocation = 0

    def drain(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL after a while."""
        self.ending = True
        self.process.context.copy().run(self.worker.drain)
        self.process.loop.call_later(grace_s, self.process.kill, "after SIGTERM", context=Context())


class Lambdas:
    """``make`` starts another container; there are never more than ``most``."""

    def __init__(self, backend: Backend, random: Random, make: Callable[[], Container], most: int) -> None:
        self._backend = backend
        self._random = random
        self._make = make
        self._most = most
        self.containers: list[Container] = []
        self.function_s = (120.0, 120.0)
        self.lost_deletes = 0.0
        self._waiting: set[str] = set()
        backend.on_message = self.poll

    def poll(self, queue: str) -> None:
        """Receive what can be received now, as long as there is a container for it."""
        while self._backend.queue.depth(queue).visible:
            container = self._free()
            if container is None:
                self._wait(queue)
                return
            self._invoke(container, queue, self._backend.queue.receive(queue, BATCH[queue]))

    def _wait(self, queue: str) -> None:
        """Throttled: look again in a moment, however many messages are there."""
        if queue not in self._waiting:
            self._backend.marks.hit("throttled")
            self._waiting.add(queue)
            self._backend.loop.call_later(1.0, self._look_again, queue, context=Context())

    def _look_again(self, queue: str) -> None:
        self._waiting.discard(queue)
        self.poll(queue)

    def _free(self) -> Container | None:
        self.containers = [one for one in self.containers if not one.process.dead]
        for container in self.containers:
            if not container.busy and not container.ending:
                return container
        if len(self.containers) >= self._most:
            return None
        made = self._make()
        self.containers.append(made)
        return made

    def _invoke(self, container: Container, queue: str, batch: Sequence[Received]) -> None:
        backend, process = self._backend, container.process
        container.busy = True
        container.invocation += 1
        process.thaw()
        backend.trace.note(process.name, "invoked", " ".join(message.body for message in batch))
        if any(message.receive_count > 1 for message in batch):
            backend.marks.hit("redelivered")
        again = backend.visibility_s + 0.001
        backend.loop.call_later(again, self._come_back, queue, context=Context())
        seconds = self._random.uniform(*self.function_s)
        process.spawn(self._run(container, queue, batch, seconds))
        backend.loop.call_later(seconds, self._time_is_over, container, container.invocation, context=Context())

    def _come_back(self, queue: str) -> None:
        """What was received and not deleted is visible again, or dead."""
        depth = self._backend.queue.depth(f"{queue}-dead")
        if depth.visible:
            self._backend.marks.hit("dead letter", depth.visible)
        self.poll(queue)

    async def _run(self, container: Container, queue: str, batch: Sequence[Received], seconds: float) -> None:
        """The handler of ``functions/host/worker.py``, awaited. What it raises fails all messages."""
        process = container.process
        mail = Mail.read(to_event(queue, batch))
        try:
            answer: Any = mail.answer(await container.worker.work(mail.wakeups, seconds * 1000))
            failed = failed_ids(answer, batch)
        except Exception as error:  # noqa: BLE001 - as the runtime of Lambda does
            process.trace.note(process.name, "handler raised", repr(error))
            failed = {message.message_id for message in batch}
        process.trace.note(process.name, "answers", f"{len(failed)} of {len(batch)} failed")
        container.busy = False
        backend = self._backend
        backend.auditor.left(process)
        if self._random.random() >= self.lost_deletes:
            done = [message.receipt_handle for message in batch if message.message_id not in failed]
            backend.queue.delete(queue, done)
        process.freeze()

    def _time_is_over(self, container: Container, invocation: int) -> None:
        if container.busy and container.invocation == invocation and not container.process.dead:
            self._backend.marks.hit("killed at its time limit")
            container.process.kill("at the time limit of its function")
