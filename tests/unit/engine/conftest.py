"""A whole engine in memory with a clock of its own: documents and steps in, statuses, outputs and histories out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from reactory import StepContext, step
from reactory.host.services import Limits
from reactory.kernel.facts import ControlAction
from reactory.ports.bus import BusEvent
from reactory.ports.store import InstanceQuery
from reactory.testing.engine import BEGIN, MemoryEngine

Document = dict[str, Any]


class Engine(MemoryEngine):
    """Starts workflows and works until nothing is to be done before the clock moves on.

    The step ``t.do`` notes its label in ``calls`` and its key in ``keys``, calls ``before``, raises the next of ``errors[label]``, if
    there is one, calls ``during[label]``, if there is one, and returns ``{"value": value}``, or ``results[label]``. ``t.thread`` does the same
    on a thread, ``t.long`` waits until it is cancelled.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self.calls: list[str] = []
        self.keys: list[str] = []
        self.times: list[int] = []
        self.errors: dict[str, list[Exception]] = defaultdict(list)
        self.during: dict[str, Callable[[], Any]] = {}
        self.results: dict[str, Any] = {}
        self.before: Callable[[str], None] = lambda _label: None
        self.inspect: Callable[[str, Any], None] = lambda _label, _value: None
        self._add_steps()

    # --- steps and documents --------------------------------------------------------------------------------------

    def _add_steps(self) -> None:
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

        for function in (do, thread, long):
            self.steps.add(function)

    def _perform(self, ctx: StepContext, label: str, value: Any) -> Any:
        label = label or ctx.path
        self.calls.append(label)
        self.keys.append(ctx.idempotency_key)
        self.times.append(self.clock.now() - BEGIN)
        self.before(label)
        self.inspect(label, value)
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

    def crash_in(self, label: str) -> None:
        """Work in a process that dies while it runs this step; the sweeper's hints come when its lease is over."""
        store, watched = self.instances, self.watch_store()
        self.during[label] = watched.die
        self.work()
        self.instances, self.during = store, {}
        self.new_worker()
        self.clock.advance(self.limits.lease_ms + 1)
        self.hint()

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

    def children(self, parent: str) -> list[str]:
        """The ids of the instances that this one has started, the oldest first."""
        page = self.instances.list(InstanceQuery(parent=parent, limit=200, sort="createdAt"))
        return [instance.id for instance in page.instances]

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

    def trail(self, instance_id: str, path: str) -> list[str]:
        """What the history says became of the execution at this path, attempt by attempt."""
        entries = [e for e in self.history(instance_id) if e.get("path") == path]
        return [entry["status"] for entry in entries if entry["event"] != "interrupted"]

    def events(self, kind: str = "Workflow Instance Status Change") -> list[BusEvent]:
        return [event for event in self.memory_bus.published() if event.detail_type == kind]

    def moves(self, instance_id: str) -> list[str]:
        """The statuses told on the bus, in order."""
        return [event.detail["status"] for event in self.events() if event.detail["instanceId"] == instance_id]


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
