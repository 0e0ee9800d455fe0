"""What the definition layer knows of a Python step: its name and its signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

MARK = "__reactory_step__"
"""The attribute of a function that holds what ``@step`` made of it."""


class Handler(Protocol):
    """A step as ``@step`` makes it: ``steps.function.StepFunction``."""

    @property
    def name(self) -> str: ...

    @property
    def accepted(self) -> frozenset[str]:
        """The names of its arguments."""

    @property
    def required(self) -> frozenset[str]:
        """Those without a default."""

    @property
    def is_open(self) -> bool:
        """Whether it takes any other arguments too."""

    def output_schema(self) -> dict[str, Any]: ...


def handler_of(function: Callable[..., Any] | Handler) -> Handler:
    """The step of a function; TypeError when it is none."""
    found: Any = getattr(function, MARK, function)
    if not hasattr(found, "output_schema"):
        raise TypeError(f"{function!r} is not a step: mark it with @step, or give the name of a registered step")
    step: Handler = found
    return step
