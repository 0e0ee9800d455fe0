"""The engine's own steps that run like a task: one file per type, each the body of the step ``reactory.<type>``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from reactory.steps.builtin.cross_instance_variable import cross_instance_variable
from reactory.steps.builtin.data_transformation import data_transformation
from reactory.steps.builtin.external import cli_command, python_script
from reactory.steps.builtin.file_operation import file_operation
from reactory.steps.builtin.service_invoke import service_invoke
from reactory.steps.builtin.services import BuiltinServices
from reactory.steps.builtin.telemetry import telemetry
from reactory.steps.builtin.todo import TodoLists
from reactory.steps.builtin.validation import validation
from reactory.steps.context import StepContext
from reactory.steps.function import StepFunction
from reactory.steps.registry import RESERVED

if TYPE_CHECKING:
    from reactory.steps.builtin.api_call import ApiCall

__all__ = ["BuiltinServices", "builtin_steps"]


def builtin_steps(services: BuiltinServices) -> list[StepFunction]:
    """Their bodies, working with ``services``."""
    bodies: dict[str, Callable[..., Any]] = {
        "validation": validation,
        "data_transformation": data_transformation,
        "api_call": _api_call(services),
        "cross_instance_variable": cross_instance_variable(services.records),
        "todo": TodoLists(services.records, services.clock).body,
        "file_operation": file_operation(services.files_root),
        "telemetry": telemetry(services.clock),
        "service_invoke": service_invoke(services.services),
        "python_script": python_script(services.scripts, services.env),
        "cli_command": cli_command(services.commands, services.env),
    }
    return [StepFunction(body, f"{RESERVED}{kind}") for kind, body in bodies.items()]


def _api_call(services: BuiltinServices) -> Callable[..., dict[str, Any]]:
    @cache
    def made() -> ApiCall:
        from reactory.steps.builtin.addresses import AddressGuard  # late: HTTP is a fifth of a cold start
        from reactory.steps.builtin.api_call import ApiCall
        from reactory.steps.builtin.outbound import Outbound

        return ApiCall(Outbound(AddressGuard(services.allowed_hosts)), services.clock)

    def body(ctx: StepContext, **inputs: Any) -> dict[str, Any]:
        return made().body(ctx, **inputs)

    return body
