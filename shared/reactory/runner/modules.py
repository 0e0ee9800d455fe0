"""The workflows of modules are registered when a stack is deployed or started (IN-2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reactory.exceptions import DefinitionConflictError, InvalidDefinitionError
from reactory.runner.answers import ProblemAnswer, Registered
from reactory.runner.registry import Registry
from reactory.runner.services import Services
from reactory.steps.fault import ModuleFault
from reactory.steps.modules import load_modules

if TYPE_CHECKING:
    from reactory.steps.modules import Module, Modules, SourceFile


@dataclass(frozen=True, slots=True)
class Warned:
    """A document that was registered, and what is worth a look in it."""

    file: str
    warning: ProblemAnswer


@dataclass(frozen=True, slots=True)
class ModuleReport:
    """``registered`` are those that are in place now, new or not; ``faults`` all that is wrong with any module."""

    registered: tuple[Registered, ...]
    faults: tuple[ModuleFault, ...]
    warnings: tuple[Warned, ...]
    handlers: frozenset[str]


def register_modules(services: Services, paths: Iterable[str | Path], tenant: str = "default") -> ModuleReport:
    """Load the modules under ``paths`` and register all their documents. A broken one stops no other."""
    return register_loaded(services, load_modules(paths), tenant)


def register_loaded(services: Services, modules: Modules, tenant: str = "default") -> ModuleReport:
    """The same for modules that a process has loaded already."""
    registry = Registry(services, modules.registry.names())
    registered: list[Registered] = []
    faults = list(modules.faults)
    warnings: list[Warned] = []
    for module in modules.modules:
        for file in module.workflows:
            outcome = _register(registry, module, file, tenant)
            if isinstance(outcome, Registered):
                registered.append(outcome)
                warnings += [Warned(str(file.path), warning) for warning in outcome.warnings]
            else:
                faults += outcome
    return ModuleReport(tuple(registered), tuple(faults), tuple(warnings), modules.registry.names())


def _register(registry: Registry, module: Module, file: SourceFile, tenant: str) -> Registered | list[ModuleFault]:
    path = str(file.path)
    try:
        return registry.register(file.text, name=path, tenant=tenant)
    except InvalidDefinitionError as error:
        return [
            ModuleFault(
                code=problem.code,
                module=module.name,
                message=f"{problem.path}: {problem.message}" if problem.path else problem.message,
                file=path,
                line=problem.line,
            )
            for problem in error.problems
            if problem.severity == "error"
        ]
    except DefinitionConflictError as error:
        return [ModuleFault(code="DEFINITION_CONFLICT", module=module.name, message=error.message, file=path)]
