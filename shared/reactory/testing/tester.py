"""``WorkflowTester``: what the fixture ``reactory`` is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from reactory.definition.authoring.workflow import Workflow
from reactory.definition.duration import parse_duration
from reactory.exceptions import InvalidDefinitionError
from reactory.kernel.paths import step_id
from reactory.ports.tasks import TaskQuery
from reactory.runner.activities import MOST
from reactory.runner.answers import TaskView
from reactory.runner.modules import register_loaded
from reactory.steps.function import StepFunction
from reactory.steps.modules import load_modules
from reactory.testing.engine import MemoryEngine
from reactory.testing.run import Run
from reactory.testing.scripted_steps import Call, ScriptedSteps

_FOREVER = 36_500 * 86_400_000
_MAX_TIMERS = 10_000
_MOST_OPEN = 1000
Item = TypeVar("Item")


class WorkflowTester:
    """Loads workflows, starts them, and runs them in this process on a clock of its own.

    Work that is due is done at once, by whatever method made it due; time passes only in ``skip`` and in
    ``Run.run_to_completion``. Steps that need time of their own still take it.
    """

    def __init__(self) -> None:
        self.script = ScriptedSteps()
        self.engine = MemoryEngine(steps=self.script)
        self._crash: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the threads of the workers."""
        self.engine.close()

    # --- loading -------------------------------------------------------------------------------------------------

    def load(self, source: str | Path | Workflow) -> Self:
        """A module's folder (or one of several), a ``Workflow``, or the text of a document.

        Raises InvalidDefinitionError with whatever is wrong with it.
        """
        if isinstance(source, Workflow):
            self._load_workflow(source)
        elif isinstance(source, Path) or "\n" not in source.strip():
            self._load_modules(Path(source))
        else:
            self.engine.runner.registry.register(source)
        return self

    def _load_workflow(self, workflow: Workflow) -> None:
        for handler in workflow.handlers.values():
            if isinstance(handler, StepFunction):
                self.script.add(handler)
        self.engine.runner.registry.register(msgspec.json.encode(workflow.document).decode())

    def _load_modules(self, folder: Path) -> None:
        modules = load_modules([folder])
        for module in modules.modules:
            for step in module.steps:
                self.script.add(step)
            for service in module.services:
                self.engine.named_services.add(service)
        report = register_loaded(self.engine.app(), modules, auto_start=False)
        if report.faults:
            raise InvalidDefinitionError("\n".join(str(fault) for fault in report.faults))

    # --- running -------------------------------------------------------------------------------------------------

    def start(
        self,
        workflow: str | Workflow,
        data: Any = None,
        *,
        version: str | None = None,
        tags: Sequence[str] = (),
        tenant: str = "default",
    ) -> Run:
        """Start an instance, and work until nothing is due. A Workflow that is not loaded yet is loaded first."""
        if isinstance(workflow, Workflow):
            self.load(workflow)
        reference = workflow.id if isinstance(workflow, Workflow) else workflow
        started = self.engine.runner.start.start_workflow(reference, version, data or {}, tags=tags, tenant=tenant)
        self.work()
        return Run(self, started.instance.id)

    def skip(self, time: float | str) -> None:
        """Let time pass: seconds, or a text such as ``2d``. Everything that falls due on the way is done at its time."""
        target = self.engine.clock.now() + (parse_duration(time) if isinstance(time, str) else round(time * 1000))
        for _ in range(_MAX_TIMERS):
            due = self._next_due()
            if due is None or due > target:
                self._move_to(target)
                return
            self._move_to(due)
        raise AssertionError(f"more than {_MAX_TIMERS} timers fell due in {time!r}: skip less, or look for a busy loop")

    def to_next_timer(self) -> bool:
        """Let time pass to the next timer of any instance, and work; false when there is none."""
        due = self._next_due()
        if due is None:
            return False
        self._move_to(due)
        return True

    def work(self) -> None:
        """Do what is due. Other methods call it."""
        if self._crash is None:
            self.engine.work()
            return
        writes, self._crash = self._crash, None
        if self.engine.crash(writes):
            self.engine.recover()

    def _next_due(self) -> int | None:
        """Of an instance's timer, or of an event that was published for later."""
        instances, events = self.engine.instances.due(_FOREVER, 1), self.engine.stored_events.due(_FOREVER, 1)
        return min([at for _, at, _ in instances] + [at for _, at, _ in events], default=None)

    def _move_to(self, time: int) -> None:
        self.engine.clock.advance(max(0, time - self.engine.clock.now()))
        self.engine.hint()
        self.work()

    @property
    def now(self) -> int:
        """The time, in milliseconds since 1970. It begins the same in every test."""
        return self.engine.clock.now()

    # --- from outside --------------------------------------------------------------------------------------------

    def publish(
        self,
        name: str,
        key: str = "",
        data: Any = None,
        *,
        event_id: str | None = None,
        time: int | None = None,
    ) -> str:
        """Publish an event, and work until nothing is due; the event's id.

        The same ``event_id`` again publishes nothing. ``time`` is the event's own in milliseconds: one that lies ahead
        is delivered when ``skip`` or ``run_to_completion`` comes to it.
        """
        published = self.engine.runner.events.publish(name, key, data, idempotency_key=event_id, time=time)
        self.work()
        return published.event_id

    def signal(self, run: Run, name: str, data: Any = None) -> None:
        """Publish an event to this run only, whatever key its waits ask for."""
        self.engine.runner.events.signal(run.id, name, data)
        self.work()

    @property
    def tasks(self) -> list[TaskView]:
        """What people are asked for, the oldest first."""
        return self.engine.runner.tasks.search(TaskQuery(kind="user", limit=_MOST_OPEN)).tasks

    def complete_task(self, step: str, action: str | None = None, data: Any = None, *, user: str = "test") -> None:
        """Answer an open task, by the id or the path of its step, or its own id, and work until nothing is due.

        AssertionError when there is no such task, or more than one.
        """
        task = self._one(step, [(one.task_id, one.path, one) for one in self.tasks], "task")
        self.engine.runner.tasks.complete(task.task_id, action, data, user=user)
        self.work()

    def complete_activity(self, step: str, result: Any = None) -> None:
        """Take an open activity as a worker would, by the id or the path of its step or its own id, and return its result."""
        self.engine.runner.activities.complete(self._take(step), result)
        self.work()

    def fail_activity(self, step: str, error: str | dict[str, Any]) -> None:
        """The same, and fail: a text is an error that may be tried again, else ``{message, code, category, retryable}``."""
        given = {"message": error} if isinstance(error, str) else error
        self.engine.runner.activities.fail(self._take(step), given)
        self.work()

    def _take(self, step: str) -> str:
        """The token of the one activity that ``step`` names; the test is the worker of every activity of that name."""
        page = self.engine.tasks.list(TaskQuery(kind="activity", limit=_MOST_OPEN))
        item = self._one(step, [(one.id, one.path, one) for one in page.items], "activity")
        if item.worker is None:
            self.engine.runner.activities.take(item.name, "test", count=MOST)
        taken = self.engine.tasks.get(item.id)
        assert taken is not None
        return f"{taken.id}:{taken.takes}"

    @staticmethod
    def _one(step: str, found: Sequence[tuple[str, str, Item]], what: str) -> Item:
        fitting = [one for item_id, path, one in found if step in (item_id, path, step_id(path))]
        if len(fitting) == 1:
            return fitting[0]
        listed = ", ".join(f"{path} ({item_id})" for item_id, path, _ in found) or "none"
        many = "no" if not fitting else "more than one"
        raise AssertionError(f"there is {many} open {what} {step!r}; open are: {listed}")

    # --- what goes wrong -----------------------------------------------------------------------------------------

    def replace_step(self, handler: str, function: Callable[..., Any]) -> None:
        """Run ``function`` instead of the Python step of that name. It need not be registered otherwise."""
        self.script.replace(handler, function)

    def fail_step(self, step: str, error: BaseException | str, times: int | None = 1) -> None:
        """Fail the next attempts of a Python step, by its id or its path (``lines[3]/reserve``).

        A text is an error that is tried again. ``times`` None: every attempt.
        """
        self.script.fail(step, error, times)

    def crash_after(self, writes: int) -> None:
        """The worker dies after so many more writes to the store; when its lease has run out another goes on.

        Counts from the next method that works. Half a minute passes on the clock if it does die.
        """
        self._crash = writes

    @property
    def calls(self) -> list[Call]:
        """Every attempt of a Python step so far, in order."""
        return self.script.calls

    @property
    def unused_failures(self) -> list[str]:
        """Steps of ``fail_step`` that never ran."""
        return self.script.unused
