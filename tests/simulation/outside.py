"""Those whom instances wait for: publishers of events, people with tasks, workers with activities. Each call is a process
of its own, and suffers what the run has for it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any

from functions.host.events import take
from reactory.exceptions import ConflictError, ReactoryError
from reactory.kernel.snapshot import decode_state
from reactory.local.sqs_event import to_event
from reactory.ports.queue import Message
from reactory.ports.store import Instance, OpenWait
from reactory.ports.tasks import WorkItem
from reactory.topology import EVENTS
from tests.simulation.workload import CHILD, payload

if TYPE_CHECKING:
    from random import Random

    from reactory.runner.runner import Runner
    from tests.simulation.world import World

PATIENCE_S = 40.0
"""How long a wait that nobody serves stands open after the healing before an event is published for it."""


class Outside:
    def __init__(self, world: World) -> None:
        self.world = world
        self.random: Random = world.random
        self._count = 0
        self._served: Counter[str] = Counter()
        self._open_since: dict[str, float] = {}

    def _call(self, kind: str, call: Callable[[Runner], Any]) -> asyncio.Future[None]:
        """One call of a use case, as a process of its own that may die of it."""
        world = self.world
        process = world.process(kind)
        runner = world.runner(process)
        return world.answer(process, lambda: call(runner))

    async def _try(self, kind: str, call: Callable[[Runner], Any]) -> bool:
        """Whether it was answered; what is refused, or never heard of, is not."""
        try:
            await self._call(kind, call)
        except ConflictError:
            self.world.marks.hit("late answer refused")
        except ReactoryError as error:
            self.world.trace.note(kind, "gives up", error.message)
        except DeadError:
            pass
        else:
            return True
        return False

    # --- events ---------------------------------------------------------------------------------------------------

    async def publishers(self) -> None:
        """Events at any moment: now, later, twice under one key, by a message."""
        world, random = self.world, self.random
        rate = random.choice((0.02, 0.1, 0.5))
        while world.setting.workload.events and not world.healing:
            await asyncio.sleep(random.expovariate(rate))
            if not world.healing:
                world.loop.create_task(self._publish(*random.choice(world.setting.workload.events)))

    async def _publish(self, name: str, key: str) -> None:
        random = self.random
        self._count += 1
        number, data = f"e{self._count}", payload(name, key)
        manner = random.random()
        if manner < 0.15:
            body = {"name": name, "key": key, "data": data, "id": number}
            self.world.backend.queue.send(EVENTS.name, [Message(body)])
            self.world.loop.call_soon(self.deliver, EVENTS.name, context=Context())
            return
        time = None
        if manner < 0.4:
            time = self.world.backend.clock.now() + int(random.choice((500, 5_000, 100_000, 400_000)) * random.random())
            self.world.marks.hit("event of the future")

        def publish(runner: Runner) -> None:
            runner.events.publish(name, key, data, idempotency_key=number, time=time)

        times = random.choice((1, 1, 2))
        persistent = random.random() < 0.7
        while times:
            done = await self._try("publisher", publish)
            times -= done
            if times and not done and not persistent:
                return  # nobody else knows of it; if it is stored, it will be delivered
            if times:
                await asyncio.sleep(random.choice((0.001, 1.0, 10.0)))

    def deliver(self, queue: str) -> None:
        """The function of the events' queue."""
        backend = self.world.backend
        while backend.queue.depth(queue).visible:
            batch = backend.queue.receive(queue, EVENTS.batch_size)
            for record, message in zip(to_event(queue, batch)["Records"], batch, strict=True):
                self.world.loop.create_task(self._take(record, message.receipt_handle), context=Context())
            self.world.loop.call_later(backend.visibility_s + 0.001, self.deliver, queue, context=Context())

    async def _take(self, record: dict[str, Any], receipt: str) -> None:
        if await self._try("events", lambda runner: take(record, runner)):
            self.world.backend.queue.delete(EVENTS.name, [receipt])

    # --- when nothing goes wrong any more -----------------------------------------------------------------------

    def serve(self) -> None:
        """Publish for every wait that no event was published for: those that were have to be satisfied without."""
        world, now = self.world, self.world.loop.time()
        for instance_id in world.started:
            found = world.auditor.document(instance_id)
            if found.waits and found.status in ("RUNNING", "PAUSED") and not self._is_left(found):
                for wait in found.waits:
                    if wait.kind == "event" and now >= self._open_since.setdefault(wait.id, now) + PATIENCE_S:
                        self._serve(found, wait, now)

    def _serve(self, instance: Instance, wait: OpenWait, now: float) -> None:
        if eligible(self.world, instance, wait):
            return
        self._open_since[wait.id] = now
        self._served[wait.id] += 1
        key = wait.key or "k"
        number = f"{wait.id}-{self._served[wait.id]}"

        def publish(runner: Runner) -> None:
            runner.events.publish(wait.name, key, payload(wait.name, key), idempotency_key=number)

        self.world.loop.create_task(self._try("publisher", publish))

    def _is_left(self, instance: Instance) -> bool:
        """A child whose parent waited for it and has ended: it was cancelled, or will be."""
        if instance.parent is None or self.world.operated:
            return False
        waited_for = instance.fragment is not None or instance.workflow_id.startswith(f"sim.{CHILD}")
        parent = self.world.auditor.document(instance.parent)
        return waited_for and parent.status in ("COMPLETED", "CANCELLED", "FAILED")

    # --- people and workers ---------------------------------------------------------------------------------------

    async def people(self) -> None:
        """Answer what is open: early, late, twice, or never, as long as things go wrong."""
        world, random = self.world, self.random
        while world.setting.workload.asks:
            await asyncio.sleep(5.0 if world.healing else random.uniform(0.5, 10.0))
            store = world.backend.tasks
            for item in [one for one in store._items.values() if not one.closed]:
                if not world.healing and random.random() < 0.5:
                    continue
                if item.kind == "user":
                    world.loop.create_task(self._answer(item))
                elif item.lease_until is None or item.lease_until <= world.backend.clock.now():
                    world.loop.create_task(self._work(item))

    async def _answer(self, item: WorkItem) -> None:
        if not self.world.healing:
            await asyncio.sleep(self.random.choice((0.0, 1.0, 25.0)))
        await self._twice("person", lambda runner: runner.tasks.complete(item.id, "approve", user="ann"))

    async def _twice(self, kind: str, call: Callable[[Runner], Any]) -> None:
        """Who is impatient answers again."""
        for _ in range(1 if self.world.healing else self.random.choice((1, 1, 2))):
            await self._try(kind, call)

    async def _work(self, item: WorkItem) -> None:
        world, random = self.world, self.random
        taken: list[Any] = []

        def take_one(runner: Runner) -> None:
            taken.extend(runner.activities.take(item.name, "w", count=1, lease_ms=5_000).activities)

        if not await self._try("helper", take_one) or not taken:
            return
        token, parameters = taken[0].token, taken[0].parameters
        if world.healing:
            await self._try("helper", lambda runner: runner.activities.complete(token, parameters))
            return
        if random.random() < 0.3:
            world.marks.hit("worker stayed silent")
            await asyncio.sleep(random.choice((6.0, 30.0)))
        elif random.random() < 0.5:
            await asyncio.sleep(2.0)
            await self._try("helper", lambda runner: runner.activities.heartbeat(token))
            await asyncio.sleep(2.0)
        if not world.setting.workload.deterministic and random.random() < 0.3:
            await self._twice("helper", lambda runner: runner.activities.fail(token, {"message": "no paper"}))
        else:
            await self._twice("helper", lambda runner: runner.activities.complete(token, parameters))


def eligible(world: World, instance: Instance, wait: OpenWait) -> list[str]:
    """The stored events that should satisfy this wait by now (WH-9)."""
    now = world.backend.clock.now() - world.faults.profile.skew_ms
    consumed = () if instance.state is None else decode_state(instance.state).consumed
    return [
        event.id
        for event in world.backend.events._events.values()
        if event.name == wait.name
        and wait.key in (None, event.key)
        and wait.since <= event.time <= now
        and event.id not in consumed
    ]


class DeadError(Exception):
    """Whoever should have answered is dead."""
