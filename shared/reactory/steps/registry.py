"""The Python steps that a process can run, by name. An explicit object: there is no global registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from reactory.exceptions import ConflictError
from reactory.steps.decorator import MARK
from reactory.steps.function import StepFunction

RESERVED = "reactory."
"""The names of the engine's own steps begin so."""


class StepRegistry:
    """Filled once while a process starts, read by every worker thread after that.

    The engine's own steps are found by ``get`` and are none of the ``names`` that a document may use as a handler.
    """

    def __init__(self) -> None:
        self._functions: dict[str, StepFunction] = {}
        self._builtin: dict[str, StepFunction] = {}

    def add(self, function: StepFunction | Callable[..., Any]) -> StepFunction:
        """Register a function marked with ``@step``. The same one twice is fine, another of its name is refused."""
        found = function if isinstance(function, StepFunction) else getattr(function, MARK, None)
        if not isinstance(found, StepFunction):
            raise TypeError(f"{function!r} is not a step: mark it with @step")
        if found.name.startswith(RESERVED):
            raise ConflictError(
                f"'{found.name}' ({_place(found)}) is the name of a step of the engine's own: names that begin with "
                f"'{RESERVED}' are reserved, so begin it with the name space of the module"
            )
        known = self._functions.setdefault(found.name, found)
        if known is not found:
            raise ConflictError(
                f"Two steps are called '{found.name}': {_place(known)} and {_place(found)}. "
                f'Give one of them another name, as in @step("my-namespace.{found.name}").'
            )
        return found

    def add_builtin(self, functions: Iterable[StepFunction]) -> None:
        """The engine's own steps, in the place of those that were there."""
        self._builtin = {function.name: function for function in functions}

    def get(self, name: str) -> StepFunction | None:
        return self._functions.get(name) or self._builtin.get(name)

    def names(self) -> frozenset[str]:
        return frozenset(self._functions)

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __len__(self) -> int:
        return len(self._functions)


def marked_steps(module: ModuleType) -> list[StepFunction]:
    """The steps among a Python module's names, in the order in which they were defined, each once."""
    marks = (getattr(value, MARK, None) for value in vars(module).values() if callable(value))
    return list(dict.fromkeys(mark for mark in marks if isinstance(mark, StepFunction)))


def _place(step: StepFunction) -> str:
    file, line = step.origin
    return file if line is None else f"{file}:{line}"
