"""A whole engine in memory with a clock of its own: documents and steps in, statuses, outputs and histories out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec
import pytest

from reactory import StepContext, step
from reactory.adapters.memory.blobs import MemoryBlobs
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.definitions import MemoryDefinitions
from reactory.adapters.memory.events import MemoryEvents
from reactory.adapters.memory.instances import MemoryInstances
from reactory.adapters.memory.queue import MemoryQueue
from reactory.adapters.memory.records import MemoryRecords
from reactory.adapters.memory.results import MemoryResults
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
from reactory.kernel.facts import ControlAction
from reactory.ports.bus import Bus, BusEvent
from reactory.ports.store import Instance, InstanceStore
from reactory.runner.runner import Runner
from reactory.settings import Settings
from reactory.steps.registry import StepRegistry
from reactory.topology import WAKEUPS

BEGIN = 1_760_000_000_000
Document = dict[str, Any]


WRITES = ("create", "claim", "push", "absorb", "settle", "told", "renew", "send", "post", "append_history")


class WatchedStore:
    """A store as one process sees it: counts its writes, and is out of reach after ``last`` of them, as if the process
    had died there: what it does from then on has no effect on what is stored. ``states`` are the settled snapshots.
    """

    def __init__(self, store: InstanceStore, last: int | None = None) -> None:
        self._store = store
        self._last = last
        self.counts: dict[str, int] = defaultdict(int)
        self.states: list[str] = []

    def die(self) -> None:
        self._last = self.writes

    @property
    def writes(self) -> int:
        return sum(self.counts.values())

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **more: Any) -> Any:
            if self._last is not None and self.writes >= self._last:
                raise StoreUnavailableError("this process is gone")
            if name in WRITES:
                self.counts[name] += 1
            if name == "settle":
                self.states += [settle.state for settle in args[0]]
            return method(*args, **more)

        return call


class Engine:
    """Starts workflows and works until nothing is to be done before the clock moves on.

    The step ``t.do`` notes its label in ``calls`` and its key in ``keys``, calls ``before``, raises the next of ``errors[label]``, if
    there is one, calls ``during[label]``, if there is one, and returns ``{"value": value}``, or ``results[label]``. ``t.thread`` does the same
    on a thread, ``t.long`` waits until it is cancelled.
    """

    def __init__(self, limits: Limits | None = None) -> None:
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
        self.limits = limits or Limits()
        self.env: dict[str, Any] = {}
        self.calls: list[str] = []
        self.keys: list[str] = []
        self.times: list[int] = []
        self.errors: dict[str, list[Exception]] = defaultdict(list)
        self.during: dict[str, Callable[[], Any]] = {}
        self.results: dict[str, Any] = {}
        self.before: Callable[[str], None] = lambda _label: None
        self.steps = self._registry()
        self._workers: list[Worker] = []

    # --- steps and documents --------------------------------------------------------------------------------------

    def _registry(self) -> StepRegistry:
        @step("t.do")
        async def do(ctx: StepContext, label: str = "", value: Any = None) -> Any:
            return self._perform(ctx, label, value)

        @step("t.thread")
        def thread(ctx: StepContext, label: str = "", value: Any = None) -> Any:
            return self._perform(ctx, label, value)

        @step("t.long")
        def long(ctx: StepContext, label: str = "") -> None:
            self._perform(ctx, label, None)
            ctx.cancelled.wait()

        registry = StepRegistry()
        for function in (do, thread, long):
            registry.add(function)
        return registry

    def _perform(self, ctx: StepContext, label: str, value: Any) -> Any:
        label = label or ctx.path
        self.calls.append(label)
        self.keys.append(ctx.idempotency_key)
        self.times.append(self.clock.now() - BEGIN)
        self.before(label)
        if self.errors[label]:
            raise self.errors[label].pop(0)
        if label in self.during:
            self.during[label]()
        return self.results.get(label, {"value": value})

    @staticmethod
    def do(
        step_id: str, /, *, value: Any = None, label: str | None = None, handler: str = "t.do", **more: Any
    ) -> Document:
        """A step of the type task; its label is its path unless one is given."""
        inputs = {"label": label or "", "value": value}
        if handler == "t.long":
            del inputs["value"]
        return {"id": step_id, "type": "task", "config": {"handler": handler}, "inputs": inputs} | more

    @staticmethod
    def node(step_id: str, kind: str, /, **config: Any) -> Document:
        """A step of another type; what belongs to the step and not to its config is put in with ``|``."""
        return {"id": step_id, "type": kind} | ({"config": config} if config else {})

    @staticmethod
    def document(*steps: Document, **more: Any) -> Document:
        outputs = {
            name: source if isinstance(source, dict) else {"type": "object", "source": source}
            for name, source in more.pop("outputs", {}).items()
        }
        return {
            "nameSpace": "test",
            "name": "Flow",
            "version": "1.0.0",
            "steps": list(steps),
            "outputs": outputs,
        } | more

    # --- what a process would wire --------------------------------------------------------------------------------

    def app(self) -> App:
        return bootstrap(
            Settings(aws="memory"),
            clock=self.clock,
            ids=self.ids,
            instances=self.instances,
            definitions=self.stored,
            events=self.stored_events,
            tasks=self.tasks,
            results=self.cached,
            records=self.records,
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
            env=self.env,
            limits=self.limits,
        )

    # --- doing ----------------------------------------------------------------------------------------------------

    def register(self, document: Document) -> str:
        self.runner.registry.register(msgspec.json.encode(document).decode())
        return f"{document['nameSpace']}.{document['name']}@{document['version']}"

    def start(self, reference: str, data: dict[str, Any] | None = None, **more: Any) -> str:
        return self.runner.start.start_workflow(reference, None, data or {}, **more).instance.id

    def begin(self, *steps: Document, data: dict[str, Any] | None = None, **more: Any) -> str:
        """Register and start a document of these steps; nothing runs yet."""
        return self.start(self.register(self.document(*steps, **more)), data)

    def run(self, *steps: Document, data: dict[str, Any] | None = None, **more: Any) -> str:
        """Register, start, work until idle; the instance's id."""
        instance_id = self.begin(*steps, data=data, **more)
        self.work()
        return instance_id

    def wakeups(self) -> list[str]:
        """The ids in the messages that are due now; they are taken off the queues."""
        ids = []
        for queue in WAKEUPS:
            for received in self.queue.receive(queue.name, 100, 0):
                ids += read_wakeup(received.body)
                self.queue.delete(queue.name, [received.receipt_handle])
        return ids

    def work(self) -> None:
        """Deliver wake-ups until there are none that are due."""
        while ids := self.wakeups():
            self.worker.handle([WakeUp(i) for i in ids])

    def advance(self, ms: int) -> None:
        """Let time pass, sweep as the minute rule would, and work."""
        self.clock.advance(ms)
        self.sweep()

    def sweep(self) -> None:
        sweep(self.services())
        self.work()

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

    def crash_in(self, label: str) -> None:
        """Work in a process that dies while it runs this step; the sweeper's hints come when its lease is over."""
        store, watched = self.instances, self.watch_store()
        self.during[label] = watched.die
        self.work()
        self.instances, self.during = store, {}
        self.new_worker()
        self.clock.advance(self.limits.lease_ms + 1)
        sweep(self.services())

    def recover(self) -> None:
        """Let the leases of the dead run out, and work on."""
        self.advance(self.limits.lease_ms + 1)

    def control(self, instance_id: str, action: ControlAction, reason: str = "") -> str:
        """Ask as an operator would; what is answered at once."""
        return self.runner.control.control(instance_id, action, reason=reason, caller="ann").status

    def ask(self, instance_id: str, action: ControlAction, reason: str = "") -> None:
        """Ask, and work until idle."""
        self.control(instance_id, action, reason)
        self.work()

    def until_idle(self, instance_id: str, rounds: int = 200) -> None:
        """Let time pass from one timer to the next until the instance needs no more."""
        for _ in range(rounds):
            wake_at = self.instance(instance_id).wake_at
            if wake_at is None:
                return
            self.advance(max(0, wake_at - self.clock.now()))
        raise AssertionError(f"{instance_id} did not come to rest: {self.see(instance_id)}")

    # --- seeing ---------------------------------------------------------------------------------------------------

    def instance(self, instance_id: str) -> Instance:
        found = self.instances.get(instance_id)
        assert found is not None
        return found

    def see(self, instance_id: str) -> dict[str, Any]:
        instance = self.instance(instance_id)
        return view(
            instance, self.definitions.program(instance.tenant, instance.workflow_id, instance.version), self.blobs
        )

    def status(self, instance_id: str) -> str:
        return str(self.see(instance_id)["status"])

    def reason(self, instance_id: str) -> dict[str, Any]:
        found = self.see(instance_id)["reason"]
        assert isinstance(found, dict)
        return found

    def outputs(self, instance_id: str) -> Any:
        seen = self.see(instance_id)
        assert seen["status"] == "COMPLETED", (seen["status"], seen["reason"], seen["steps"])
        return seen["outputs"]

    def statuses(self, instance_id: str) -> dict[str, str]:
        """Path → status of what the view shows."""
        return {shown["path"]: shown["status"] for shown in self.see(instance_id)["steps"]}

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        instance = self.instance(instance_id)
        program = self.definitions.program(instance.tenant, instance.workflow_id, instance.version)
        return history(instance, self.instances.history(instance_id, -1, 10_000), program, self.blobs)

    def trail(self, instance_id: str, path: str) -> list[str]:
        """What the history says became of the execution at this path, attempt by attempt."""
        entries = [e for e in self.history(instance_id) if e.get("path") == path]
        return [entry["status"] for entry in entries if entry["event"] != "interrupted"]

    def events(self, kind: str = "Workflow Instance Status Change") -> list[BusEvent]:
        return [event for event in self.memory_bus.published() if event.detail_type == kind]

    def moves(self, instance_id: str) -> list[str]:
        """The statuses told on the bus, in order."""
        return [event.detail["status"] for event in self.events() if event.detail["instanceId"] == instance_id]


class _NoSchema:
    def ensure(self) -> None:
        """Nothing to create in memory."""


@pytest.fixture
def engines() -> Iterator[Callable[..., Engine]]:
    """Makes engines with limits of their own."""
    made: list[Engine] = []

    def make(**limits: int) -> Engine:
        made.append(Engine(Limits(**limits)))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(engines: Callable[..., Engine]) -> Engine:
    return engines()
