"""Python steps: how they are declared, found, called, and what becomes of their results and errors."""

from reactory.steps.context import StepContext
from reactory.steps.decorator import step
from reactory.steps.errors import describe_error
from reactory.steps.function import StepFunction
from reactory.steps.modules import Modules, load_module, load_modules
from reactory.steps.registry import StepRegistry
from reactory.steps.service import ServiceRegistry, service
from reactory.steps.values import to_json_value

__all__ = [
    "Modules",
    "ServiceRegistry",
    "StepContext",
    "StepFunction",
    "StepRegistry",
    "describe_error",
    "load_module",
    "load_modules",
    "service",
    "step",
    "to_json_value",
]
