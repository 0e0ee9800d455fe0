"""A whole engine in memory, with a clock of its own and workers that may die."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from reactory.adapters.memory.blobs import MemoryBlobs
from reactory.adapters.memory.breakers import MemoryBreakers
from reactory.adapters.memory.buckets import MemoryBuckets
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.dead_letters import MemoryDeadLetters
from reactory.adapters.memory.definitions import MemoryDefinitions
from reactory.adapters.memory.durations import MemoryDurations
from reactory.adapters.memory.error_statistics import MemoryErrorStatistics
from reactory.adapters.memory.events import MemoryEvents
from reactory.adapters.memory.executions import MemoryExecutions
from reactory.adapters.memory.instances import MemoryInstances
from reactory.adapters.memory.queue import MemoryQueue
from reactory.adapters.memory.records import MemoryRecords
from reactory.adapters.memory.results import MemoryResults
from reactory.adapters.memory.schedules import MemorySchedules
from reactory.adapters.memory.slots import MemorySlots
from reactory.adapters.memory.tasks import MemoryTasks
from reactory.bootstrap import App, bootstrap
from reactory.exceptions import StoreUnavailableError
from reactory.host.definitions import Definitions
from reactory.host.history_view import history
from reactory.host.services import Limits, Services
from reactory.host.sweeper import sweep
from reactory.host.view import view
from reactory.host.wakeups import read_wakeup
from reactory.host.worker import WakeUp, Worker
from reactory.ports.breakers import Breakers
from reactory.ports.buckets import Buckets
from reactory.ports.bus import Bus
from reactory.ports.slots import Slots
from reactory.ports.store import Instance, InstanceStore
from reactory.runner.children import child_starter
from reactory.runner.runner import Runner
from reactory.settings import Settings
from reactory.steps.builtin import BuiltinServices, builtin_steps
from reactory.steps.registry import StepRegistry
from reactory.steps.service import ServiceRegistry
from reactory.testing.watched_store import WatchedStore
from reactory.topology import EVENTS, WAKEUPS

BEGIN = 1_760_000_000_000
"""When the clock begins, in milliseconds: the same in every test."""

_BATCH = 100


class MemoryEngine:
    """Works until nothing is to be done before the clock moves on; moves the clock when it is told to."""

    def __init__(self, limits: Limits | None = None, steps: StepRegistry | None = None) -> None:
        self.clock = ManualClock(BEGIN)
        self.ids = SequentialIds()
        self.instances: InstanceStore = MemoryInstances(self.clock)
        self.blobs = MemoryBlobs()
        self.queue = MemoryQueue(self.clock, self.ids)
        self.memory_bus = MemoryBus()
        self.bus: Bus = self.memory_bus
        self.stored = MemoryDefinitions()
        self.stored_events = MemoryEvents(self.clock)
        self.tasks = MemoryTasks(self.clock)
        self.cached = MemoryResults(self.clock)
        self.records = MemoryRecords()
        self.error_statistics = MemoryErrorStatistics()
        self.durations = MemoryDurations()
        self.dead_letters = MemoryDeadLetters()
        self.schedules = MemorySchedules()
        self.executions = MemoryExecutions(self.clock)
        self.breakers: Breakers = MemoryBreakers()
        self.buckets: Buckets = MemoryBuckets()
        self.slots: Slots = MemorySlots()
        self.limits = limits or Limits()
        self.settings = Settings(aws="memory")
        self.named_services = ServiceRegistry()
        self.env: dict[str, Any] = {}
        self.steps = StepRegistry() if steps is None else steps
        self._workers: list[Worker] = []

    # --- what a process would wire --------------------------------------------------------------------------------

    def app(self) -> App:
        return bootstrap(
            self.settings,
            clock=self.clock,
            ids=self.ids,
            instances=self.instances,
            definitions=self.stored,
            events=self.stored_events,
            tasks=self.tasks,
            results=self.cached,
            records=self.records,
            errors=self.error_statistics,
            durations=self.durations,
            dead_letters=self.dead_letters,
            schedules=self.schedules,
            executions=self.executions,
            breakers=self.breakers,
            buckets=self.buckets,
            slots=self.slots,
            blobs=self.blobs,
            queue=self.queue,
            bus=self.bus,
            schema=_NoSchema(),
        )

    @property
    def definitions(self) -> Definitions:
        return Definitions(self.stored, self.steps.names())

    @property
    def runner(self) -> Runner:
        return Runner.of(self.app(), self.definitions, self.steps.names)

    @property
    def worker(self) -> Worker:
        return self._workers[-1] if self._workers else self.new_worker()

    def new_worker(self) -> Worker:
        """Another worker on the same stores, as another process would be; the next work is its."""
        own = BuiltinServices.of(self.settings, self.records, self.clock, self.named_services)
        self.steps.add_builtin(builtin_steps(own))
        self._workers.append(Worker(self.services()))
        return self._workers[-1]

    def close(self) -> None:
        for worker in self._workers:
            worker.close()

    def services(self) -> Services:
        return Services(
            instances=self.instances,
            definitions=self.definitions,
            blobs=self.blobs,
            queue=self.queue,
            bus=self.bus,
            clock=self.clock,
            ids=self.ids,
            steps=self.steps,
            events=self.stored_events,
            tasks=self.tasks,
            results=self.cached,
            errors=self.error_statistics,
            durations=self.durations,
            breakers=self.breakers,
            buckets=self.buckets,
            slots=self.slots,
            starter=child_starter(self.runner.start),
            env=self.env,
            limits=self.limits,
        )

    # --- work ----------------------------------------------------------------------------------------------------

    def wakeups(self) -> list[str]:
        """The ids in the messages that are due now; they are taken off the queues."""
        ids = []
        for queue in WAKEUPS:
            for received in self.queue.receive(queue.name, _BATCH, 0):
                ids += read_wakeup(received.body)
                self.queue.delete(queue.name, [received.receipt_handle])
        return ids

    def work(self) -> None:
        """Deliver wake-ups until there are none that are due."""
        while (ids := self.wakeups()) or self.deliver_events():
            self.worker.handle([WakeUp(i) for i in ids])

    def deliver_events(self) -> int:
        """Deliver the events whose time has come; how many messages said so."""
        desk, messages = self.services().desk(), self.queue.receive(EVENTS.name, _BATCH, 0)
        for received in messages:
            desk.deliver_due(msgspec.json.decode(received.body)["eventId"])
            self.queue.delete(EVENTS.name, [received.receipt_handle])
        return len(messages)

    def advance(self, ms: int) -> None:
        """Let time pass, sweep as the minute rule would, and work."""
        self.clock.advance(ms)
        self.sweep()

    def sweep(self) -> None:
        self.hint()
        self.work()

    def hint(self) -> None:
        """Send the messages that the minute rule would send."""
        sweep(self.services())

    # --- processes that die --------------------------------------------------------------------------------------

    def watch_store(self, last: int | None = None) -> WatchedStore:
        """From now on new workers reach the store through this one."""
        watched = WatchedStore(self.instances, last)
        self.instances = cast(InstanceStore, watched)
        self.new_worker()
        return watched

    def crash(self, writes: int) -> bool:
        """Work in a process that dies after so many writes; whether it did, rather than becoming idle before."""
        store, watched = self.instances, self.watch_store(writes)
        died = False
        try:
            self.work()
        except StoreUnavailableError:
            died = True
        self.instances = store
        self.new_worker()
        return died or watched.writes >= writes

    def recover(self) -> None:
        """Let the leases of the dead run out, and work on."""
        self.advance(self.limits.lease_ms + 1)

    # --- seeing ---------------------------------------------------------------------------------------------------

    def instance(self, instance_id: str) -> Instance:
        found = self.instances.get(instance_id)
        assert found is not None, f"there is no instance {instance_id}"
        return found

    def see(self, instance_id: str) -> dict[str, Any]:
        """What ``GET /workflow/instance/{id}`` answers."""
        instance = self.instance(instance_id)
        program = self.definitions.program(instance.tenant, instance.workflow_id, instance.version)
        return view(instance, program, self.blobs)

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        """What ``GET /workflow/instance/{id}/history`` answers."""
        instance = self.instance(instance_id)
        program = self.definitions.program(instance.tenant, instance.workflow_id, instance.version)
        return history(instance, self.instances.history(instance_id, -1, 10_000), program, self.blobs)


class _NoSchema:
    def ensure(self) -> None:
        """Nothing to create in memory."""
