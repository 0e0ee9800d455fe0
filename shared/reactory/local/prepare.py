"""What a stack does before it serves, and again when modules change: indexes, and the modules' definitions and schedules.

It runs in a container of its own that ends afterwards, so that the stack's process never imports the code of steps and
a reload always sees the files as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from reactory.local.lambda_context import LambdaContext
    from reactory.steps.modules import Module


class Broken(msgspec.Struct, frozen=True):
    """A module whose steps are missing. ``place`` tells where and why, ``fault`` is the same among the faults."""

    folder: str
    place: str
    fault: str


class Prepared(msgspec.Struct, frozen=True):
    """Ids of modules, workflows and schedules, and lines for people about what is wrong or worth a look."""

    modules: list[str] = []
    workflows: list[str] = []
    schedules: list[str] = []
    faults: list[str] = []
    warnings: list[str] = []
    broken: list[Broken] = []


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """``event`` is ``{"schema": bool}``: whether collections and indexes are to be ensured too."""
    from reactory.bootstrap import app
    from reactory.scheduler.deployment import take_over
    from reactory.steps.modules import load_modules

    services = app()
    if event.get("schema"):
        services.schema.ensure()
    modules = load_modules(services.settings.modules)
    taken = take_over(services, modules, replace=True)
    prepared = Prepared(
        modules=list(_modules(modules.modules)),
        workflows=[registered.workflow.id for registered in taken.workflows.registered],
        schedules=[*taken.schedules.created, *taken.schedules.updated, *taken.schedules.unchanged],
        faults=[str(fault) for fault in taken.faults],
        warnings=[str(warning) for warning in taken.warnings],
        broken=[broken for module in modules.modules for broken in _broken(module)],
    )
    answer: dict[str, Any] = msgspec.to_builtins(prepared)
    return answer


def _broken(module: Module) -> Iterable[Broken]:
    """The steps of a module are missing when its code cannot be imported, and when its manifest cannot be used."""
    for fault in module.faults:
        if fault.code == "STEPS_NOT_IMPORTED" or module.manifest is None:
            name = Path(fault.file).name
            place = name if fault.line is None else f"{name}:{fault.line}"
            yield Broken(str(module.folder), f"{place} {fault.message}", str(fault))


def _modules(modules: Iterable[Module]) -> Iterable[str]:
    for module in modules:
        if module.manifest is not None:
            yield f"{module.manifest.id} {module.manifest.version}"
