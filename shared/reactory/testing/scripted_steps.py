"""The Python steps of a test: the real ones, others in their place, failures that were asked for, and who was called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from reactory.exceptions import RetryableStepError
from reactory.steps.context import StepContext
from reactory.steps.decorator import MARK
from reactory.steps.function import StepFunction
from reactory.steps.registry import StepRegistry


class Call(NamedTuple):
    """One attempt of a Python step: the step's name, the path and number of the attempt, its arguments."""

    handler: str
    path: str
    attempt: int
    inputs: dict[str, Any]


@dataclass(slots=True)
class _Failure:
    """``left`` None: every time."""

    error: BaseException
    left: int | None
    used: bool = False


class ScriptedSteps(StepRegistry):
    """A registry in which a test may change what steps do."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._replaced: dict[str, StepFunction] = {}
        self._failures: dict[str, list[_Failure]] = {}

    def replace(self, name: str, function: Callable[..., Any]) -> None:
        """Run this function whenever the step is called."""
        marked = getattr(function, MARK, None)
        self._replaced[name] = StepFunction(marked.function if marked is not None else function, name)

    def fail(self, step: str, error: BaseException | str, times: int | None) -> None:
        """Raise the error in the next attempts of the step of this id, or at this path."""
        made = RetryableStepError(error) if isinstance(error, str) else error
        self._failures.setdefault(step, []).append(_Failure(made, times))

    @property
    def unused(self) -> list[str]:
        """Steps that were to fail and never ran."""
        return [step for step, failures in self._failures.items() if not any(failure.used for failure in failures)]

    def get(self, name: str) -> StepFunction | None:
        found = self._replaced.get(name) or super().get(name)
        return None if found is None else _Performed(found, self)

    def names(self) -> frozenset[str]:
        return super().names() | self._replaced.keys()

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def begin(self, name: str, inputs: Mapping[str, Any], context: StepContext) -> None:
        """An attempt begins: note it, and fail it where that was asked for."""
        self.calls.append(Call(name, context.path, context.attempt, dict(inputs)))
        for place in (context.path, context.step_id):
            for failure in self._failures.get(place, ()):
                if failure.left != 0:
                    failure.used = True
                    failure.left = None if failure.left is None else failure.left - 1
                    raise failure.error


class _Performed(StepFunction):
    """A step whose attempts are told to the script before they run."""

    __slots__ = ("_script",)

    def __init__(self, step: StepFunction, script: ScriptedSteps) -> None:
        super().__init__(step.function, step.name, step.description)
        self._script = script

    def arguments(self, inputs: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        self._script.begin(self.name, inputs, context)
        return super().arguments(inputs, context)
