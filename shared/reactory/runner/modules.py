"""The workflows of modules, registered after a deployment and when a local stack starts (IN-2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reactory.definition.codes import UNKNOWN_HANDLER
from reactory.exceptions import DefinitionConflictError, InvalidDefinitionError, ReactoryError, UnavailableError
from reactory.runner.answers import ProblemAnswer, Registered, problem_answer
from reactory.runner.auto_start import AutoStarts
from reactory.runner.registry import Registry
from reactory.runner.services import Services
from reactory.steps.fault import ModuleFault
from reactory.steps.manifest import MANIFEST_NAME
from reactory.steps.modules import load_modules

if TYPE_CHECKING:
    from reactory.steps.modules import Module, Modules, SourceFile


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """One problem of one document of a module; ``line`` counts from 1."""

    code: str
    module: str
    message: str
    file: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message} [{self.code}, module {self.module}]"


@dataclass(frozen=True, slots=True)
class ModuleReport:
    """``registered`` are those that are in place now, new or not; ``faults`` is all that is wrong with any module, and
    ``warnings`` what is worth a look. ``str`` of each is a line for the terminal. ``started`` are the ids of the
    instances that were started by ``autoStart`` now, and not before.
    """

    registered: tuple[Registered, ...]
    faults: tuple[ModuleFault | DocumentFault, ...]
    warnings: tuple[DocumentFault, ...]
    started: tuple[str, ...] = ()


def register_modules(services: Services, paths: Iterable[str | Path], tenant: str = "default") -> ModuleReport:
    """Load the modules under ``paths`` and register all their documents. A broken one stops no other."""
    return register_loaded(services, load_modules(paths), tenant)


def register_loaded(
    services: Services,
    modules: Modules,
    tenant: str = "default",
    *,
    replace: bool = False,
    auto_start: bool = True,
) -> ModuleReport:
    """The same for modules that a process has loaded already. ``replace`` is for ``reactory dev``: see ``Registry``.

    When everything is registered, ``autoStart`` of each module is carried out, unless ``auto_start`` is False.
    """
    registry = Registry(services, modules.registry.names)
    registered: list[Registered] = []
    faults: list[ModuleFault | DocumentFault] = list(modules.faults)
    warnings: list[DocumentFault] = []
    for module in modules.modules:
        for file in module.workflows:
            try:
                outcome = registry.register(file.text, name=str(file.path), tenant=tenant, replace=replace)
            except InvalidDefinitionError as error:
                problems = [problem_answer(problem) for problem in error.problems]
                faults += _told(module, file, [problem for problem in problems if _is_cause(problem, module)])
            except DefinitionConflictError as error:
                faults.append(DocumentFault("DEFINITION_CONFLICT", module.name, error.message, str(file.path)))
            else:
                registered.append(outcome)
                warnings += _told(module, file, outcome.warnings)
    started, refused = _auto_start(services, modules, tenant) if auto_start else ([], [])
    return ModuleReport(tuple(registered), (*faults, *refused), tuple(warnings), tuple(started))


def _auto_start(services: Services, modules: Modules, tenant: str) -> tuple[list[str], list[DocumentFault]]:
    """The ids of new instances, and why others could not be started. Raises when the store cannot be reached."""
    starts = AutoStarts(services, modules, tenant)
    started: list[str] = []
    refused: list[DocumentFault] = []
    for module in modules.modules:
        entries = () if module.manifest is None else module.manifest.auto_start
        for entry in entries:
            assert module.manifest is not None
            try:
                outcome = starts.start(module.manifest, entry)
            except UnavailableError:
                raise
            except ReactoryError as error:
                file = str(module.folder / MANIFEST_NAME)
                refused.append(DocumentFault("NOT_STARTED", module.name, f"autoStart: {error.message}", file))
            else:
                started += [outcome.instance.id] if outcome.created else []
    return started, refused


def _is_cause(problem: ProblemAnswer, module: Module) -> bool:
    """An error; not that a handler is unknown where its module's code could not be imported, which is told already."""
    unimported = any(fault.code == "STEPS_NOT_IMPORTED" for fault in module.faults)
    return problem.severity == "error" and not (unimported and problem.code == UNKNOWN_HANDLER)


def _told(module: Module, file: SourceFile, problems: Iterable[ProblemAnswer]) -> list[DocumentFault]:
    return [
        DocumentFault(
            code=problem.code,
            module=module.name,
            message=f"{problem.path}: {problem.message}" if problem.path else problem.message,
            file=str(file.path),
            line=None if file.path.suffix == ".py" else problem.line,  # that of the document, not of the Python file
        )
        for problem in problems
    ]
