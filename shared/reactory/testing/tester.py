"""``WorkflowTester``: what the fixture ``reactory`` is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from reactory.definition.authoring.workflow import Workflow
from reactory.definition.duration import parse_duration
from reactory.exceptions import InvalidDefinitionError
from reactory.runner.modules import register_loaded
from reactory.steps.function import StepFunction
from reactory.steps.modules import load_modules
from reactory.testing.engine import MemoryEngine
from reactory.testing.run import Run
from reactory.testing.scripted_steps import Call, ScriptedSteps

_FOREVER = 36_500 * 86_400_000
_MAX_TIMERS = 10_000


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
        report = register_loaded(self.engine.app(), modules)
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
        found = self.engine.instances.due(_FOREVER, 1)
        return found[0][1] if found else None

    def _move_to(self, time: int) -> None:
        self.engine.clock.advance(max(0, time - self.engine.clock.now()))
        self.engine.hint()
        self.work()

    @property
    def now(self) -> int:
        """The time, in milliseconds since 1970. It begins the same in every test."""
        return self.engine.clock.now()

    # --- from outside --------------------------------------------------------------------------------------------

    def publish(self, name: str, key: str | None = None, data: Any = None) -> None:
        """Publish an event, and work until nothing is due."""
        events = getattr(self.engine.runner, "events", None)
        if events is None:
            raise NotImplementedError("this version of the engine has no events yet")
        events.publish(name, key, data)
        self.work()

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
