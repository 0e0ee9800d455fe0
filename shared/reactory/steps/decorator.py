"""``@step``: marks a function as a Python step. Nothing is registered until a module that holds it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from reactory.definition.handler import MARK
from reactory.steps.function import StepFunction

__all__ = ["MARK", "step"]

Function = TypeVar("Function", bound=Callable[..., Any])


@overload
def step(function: Function, /) -> Function: ...


@overload
def step(name: str | None = None, /, *, description: str | None = None) -> Callable[[Function], Function]: ...


def step(target: Any = None, /, *, description: str | None = None) -> Any:
    """Make a function callable from workflows: ``@step("acme.charge")``, or ``@step``, which takes the function's name.

    The function itself is returned unchanged, so that tests call it as what it is. Its description is the first line
    of its docstring unless one is given. Names are unique over all modules: put the module's nameSpace in front.
    """

    def mark(function: Function) -> Function:
        name = target if isinstance(target, str) else function.__name__
        summary = description if description is not None else (function.__doc__ or "").strip().partition("\n")[0]
        setattr(function, MARK, StepFunction(function, name, summary))
        return function

    return mark(target) if callable(target) else mark
