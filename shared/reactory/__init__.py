"""The Reactory Workflow Engine: durable workflows on AWS Lambda and MongoDB, complete on a laptop.

What the author of a step needs is importable from here. The names are looked up when they are first used, so that
``import reactory`` costs a Lambda nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactory.exceptions import PermanentStepError, ReactoryError, RetryableStepError, StepError
    from reactory.steps.context import StepContext
    from reactory.steps.decorator import step
    from reactory.steps.service import service

__all__ = ["PermanentStepError", "ReactoryError", "RetryableStepError", "StepContext", "StepError", "service", "step"]

_HOMES = {
    "PermanentStepError": "reactory.exceptions",
    "ReactoryError": "reactory.exceptions",
    "RetryableStepError": "reactory.exceptions",
    "StepContext": "reactory.steps.context",
    "StepError": "reactory.exceptions",
    "service": "reactory.steps.service",
    "step": "reactory.steps.decorator",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'reactory' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
