"""The workflows in the Python files of a module: whatever ``@workflow`` made there, with the steps that it calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reactory.exceptions import InvalidDefinitionError
from reactory.steps.fault import FaultCode, ModuleFault
from reactory.steps.function import StepFunction
from reactory.steps.package import ModulePackage, StepsImportError

if TYPE_CHECKING:
    from types import ModuleType

    from reactory.definition.authoring.workflow import Workflow
    from reactory.steps.manifest import ManifestFile


class PythonWorkflows:
    """``steps`` are those that the workflows were built with: they need not be named in the manifest."""

    def __init__(self, package: ModulePackage, folder: Path, manifest: ManifestFile) -> None:
        self._package = package
        self._folder = folder
        self._manifest = manifest
        self._seen: set[int] = set()
        self.steps: list[StepFunction] = []

    def read(self, path: Path) -> Iterator[Workflow]:
        """The workflows of one file, each once however many files import it. What is wrong becomes a fault."""
        from reactory.definition.authoring.workflow import Workflow  # late: few modules have any

        module = self._imported(path)
        if module is None:
            return
        found = [value for value in vars(module).values() if isinstance(value, Workflow)]
        if not found:
            self._fault("NO_WORKFLOWS", path, "has no workflow: write one with @workflow, or take it out of the globs")
        for workflow in found:
            if id(workflow) not in self._seen:
                self._seen.add(id(workflow))
                self.steps += [step for step in workflow.handlers.values() if isinstance(step, StepFunction)]
                yield workflow

    def _imported(self, path: Path) -> ModuleType | None:
        name = ".".join(path.relative_to(self._folder).with_suffix("").parts)
        try:
            return self._package.import_steps(f".{name}")
        except StepsImportError as error:
            if not isinstance(error.__cause__, InvalidDefinitionError):
                self._manifest.import_fault(error, "workflows")
                return None
            for problem in error.__cause__.problems:
                if problem.severity == "error":
                    said = f"{problem.path}: {problem.message}" if problem.path else problem.message
                    self._fault("WORKFLOW_NOT_BUILT", path, f"{said} [{problem.code}]", problem.line)
        return None

    def _fault(self, code: FaultCode, path: Path, message: str, line: int | None = None) -> None:
        fault = ModuleFault(code=code, module=self._manifest.module, message=message, file=str(path), line=line)
        self._manifest.faults.append(fault)
