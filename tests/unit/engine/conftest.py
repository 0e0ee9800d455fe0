"""A whole engine in memory with a clock of its own: documents and steps in, statuses, outputs and histories out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from reactory.adapters.memory.blobs import MemoryBlobs
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.definitions import MemoryDefinitions
from reactory.adapters.memory.instances import MemoryInstances
from reactory.adapters.memory.queue import MemoryQueue
from reactory.bootstrap import App, bootstrap
from reactory.definition.reference import parse_reference
from reactory.host.definitions import Definitions
from reactory.host.services import Limits, Services
from reactory.host.sweeper import sweep
from reactory.host.history_view import history
from reactory.host.view import view
from reactory.host.worker import WakeUp, Worker
from reactory.runner.runner import Runner
from reactory.settings import Settings
from reactory.steps.registry import StepRegistry
from reactory.topology import WAKEUPS

BEGIN = 1_760_000_000_000


class Engine:
    """Starts workflows and works until nothing is to be done before the clock moves on."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = ManualClock(BEGIN)
        self.ids = SequentialIds()
        self.instances = MemoryInstances(self.clock)
        self.blobs = MemoryBlobs()
        self.queue = MemoryQueue(self.clock, self.ids)
        self.bus = MemoryBus()
        self.steps = StepRegistry()
        self.stored = MemoryDefinitions()
        self.limits = limits or Limits()
        self._worker: Worker | None = None

    def app(self) -> App:
        return bootstrap(
            Settings(aws="memory"),
            clock=self.clock,
            ids=self.ids,
            instances=self.instances,
            definitions=self.stored,
            blobs=self.blobs,
            queue=self.queue,
            bus=self.bus,
            schema=object(),  # type: ignore[typeddict-item]  # nothing to create in memory
        )

    @property
    def definitions(self) -> Definitions:
        return Definitions(self.stored, self.steps.names())

    @property
    def runner(self) -> Runner:
        return Runner.of(self.app(), self.definitions, self.steps.names)

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            self._worker = self.new_worker()
        return self._worker

    def new_worker(self) -> Worker:
        """Another worker on the same stores, as another process would be."""
        return Worker(self.services())

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
            limits=self.limits,
        )

    def step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self.steps.add(function)
        return function

    def register(self, document: dict[str, Any] | str) -> str:
        text = document if isinstance(document, str) else msgspec.json.encode(document).decode()
        self.runner.registry.register(text)
        data = msgspec.yaml.decode(text)
        return f"{data['nameSpace']}.{data['name']}@{data['version']}"

    def start(self, reference: str, data: dict[str, Any] | None = None, **more: Any) -> str:
        parse_reference(reference)
        return self.runner.start.start_workflow(reference, None, data or {}, **more).instance.id

    def run(self, document: dict[str, Any], data: dict[str, Any] | None = None, **more: Any) -> str:
        """Register, start, work until idle; the instance's id."""
        instance_id = self.start(self.register(document), data, **more)
        self.work()
        return instance_id

    def work(self) -> None:
        """Deliver wake-ups until there are none that are due."""
        while True:
            received = [(q.name, r) for q in WAKEUPS for r in self.queue.receive(q.name, 50, 0)]
            if not received:
                return
            ids = [msgspec.json.decode(r.body)["instanceId"] for _, r in received]
            self.worker.handle([WakeUp(i) for i in ids])
            for name, r in received:
                self.queue.delete(name, [r.receipt_handle])

    def advance(self, ms: int) -> None:
        """Let time pass, sweep as the minute rule would, and work."""
        self.clock.advance(ms)
        sweep(self.services())
        self.work()

    def see(self, instance_id: str) -> dict[str, Any]:
        instance = self.instances.get(instance_id)
        assert instance is not None
        program = self.definitions.program(instance.tenant, instance.workflow_id, instance.version)
        return view(instance, program, self.blobs)

    def outputs(self, instance_id: str) -> Any:
        seen = self.see(instance_id)
        assert seen["status"] == "COMPLETED", seen["reason"]
        return seen["outputs"]

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        instance = self.instances.get(instance_id)
        assert instance is not None
        program = self.definitions.program(instance.tenant, instance.workflow_id, instance.version)
        return history(instance, self.instances.history(instance_id, -1, 10_000), program, self.blobs)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    if made._worker is not None:
        made._worker.close()


@pytest.fixture
def document() -> Callable[..., dict[str, Any]]:
    """A document with these steps."""

    def make(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"nameSpace": "test", "name": "Flow", "version": "1.0.0", "steps": list(steps)} | more

    return make
