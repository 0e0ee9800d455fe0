"""The engine's own steps that run like a task: one file per type, each the body of the step ``reactory.<type>``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactory.steps.builtin.cross_instance_variable import cross_instance_variable
from reactory.steps.builtin.data_transformation import data_transformation
from reactory.steps.builtin.external import cli_command, python_script
from reactory.steps.builtin.file_operation import file_operation
from reactory.steps.builtin.service_invoke import service_invoke
from reactory.steps.builtin.services import BuiltinServices
from reactory.steps.builtin.telemetry import telemetry
from reactory.steps.builtin.todo import TodoLists
from reactory.steps.builtin.validation import validation
from reactory.steps.function import StepFunction
from reactory.steps.registry import RESERVED

__all__ = ["BuiltinServices", "builtin_steps"]


def builtin_steps(services: BuiltinServices) -> list[StepFunction]:
    """Their bodies, working with ``services``."""
    bodies: dict[str, Callable[..., Any]] = {
        "validation": validation,
        "data_transformation": data_transformation,
        "cross_instance_variable": cross_instance_variable(services.records),
        "todo": TodoLists(services.records, services.clock).body,
        "file_operation": file_operation(services.files_root),
        "telemetry": telemetry(services.clock),
        "service_invoke": service_invoke(services.services),
        "python_script": python_script(services.scripts),
        "cli_command": cli_command(services.commands),
    }
    return [StepFunction(body, f"{RESERVED}{kind}") for kind, body in bodies.items()]
