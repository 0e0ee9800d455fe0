"""Modules: folders or packages that contribute workflows, schedules and Python steps (IN-2).

``load_modules`` is what a process calls when it starts. It never raises because of a module: whatever is wrong with
one is a fault in the answer, and all the others are there.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from reactory.exceptions import ConflictError
from reactory.steps.fault import ModuleFault
from reactory.steps.function import StepFunction
from reactory.steps.manifest import MANIFEST_NAME, SCHEDULE_ENDINGS, Manifest, ManifestFile
from reactory.steps.package import ModulePackage, StepsImportError
from reactory.steps.pythonworkflows import PythonWorkflows
from reactory.steps.registry import StepRegistry, marked_steps
from reactory.steps.service import Service, ServiceRegistry, construction_complaint, marked_services


class SourceFile(NamedTuple):
    """A file that a manifest names: a workflow document or a schedule, unread except as text."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Module:
    """One module. ``manifest`` is None when it could not be used; then there is nothing else but faults."""

    name: str
    folder: Path
    manifest: Manifest | None = None
    steps: tuple[StepFunction, ...] = ()
    services: tuple[Service, ...] = ()
    workflows: tuple[SourceFile, ...] = ()
    schedules: tuple[SourceFile, ...] = ()
    faults: tuple[ModuleFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Modules:
    """All modules of a process together."""

    modules: tuple[Module, ...] = ()
    registry: StepRegistry = field(default_factory=StepRegistry)
    faults: tuple[ModuleFault, ...] = ()
    services: ServiceRegistry = field(default_factory=ServiceRegistry)

    @property
    def workflows(self) -> tuple[SourceFile, ...]:
        return tuple(file for module in self.modules for file in module.workflows)

    @property
    def schedules(self) -> tuple[SourceFile, ...]:
        return tuple(file for module in self.modules for file in module.schedules)


def load_module(path_or_package: str | Path) -> Module:
    """Load the module in a folder, or in an importable package, that has a ``module.yaml``."""
    return _Loader(*_locate(path_or_package)).load()


def load_modules(paths: Iterable[str | Path]) -> Modules:
    """Load every module; a folder without a manifest whose children have one stands for its children.

    Where two modules register a step of the same name, the first in order keeps it.
    """
    modules: list[Module] = []
    registry, services = StepRegistry(), ServiceRegistry()
    faults: list[ModuleFault] = []
    seen: dict[str, Path] = {}
    for folder, package in _unique(paths):
        module = _Loader(folder, package).load()
        modules.append(module)
        faults += module.faults
        faults += _register(module, registry)
        faults += _register_services(module, services)
        faults += _named_twice(module, seen)
    return Modules(tuple(modules), registry, tuple(faults), services)


def _register(module: Module, registry: StepRegistry) -> Iterator[ModuleFault]:
    for step in module.steps:
        try:
            registry.add(step)
        except ConflictError as error:
            file, line = step.origin
            yield ModuleFault(code="DUPLICATE_STEP", module=module.name, message=error.message, file=file, line=line)


def _register_services(module: Module, services: ServiceRegistry) -> Iterator[ModuleFault]:
    for service in module.services:
        try:
            services.add(service)
        except ConflictError as error:
            file, line = service.origin
            yield ModuleFault(code="DUPLICATE_SERVICE", module=module.name, message=error.message, file=file, line=line)


def _named_twice(module: Module, seen: dict[str, Path]) -> Iterator[ModuleFault]:
    if module.manifest is None:
        return
    first = seen.setdefault(module.manifest.id, module.folder)
    if first != module.folder:
        message = f"'{module.manifest.id}' is also the module in {first}: give one of them another name"
        file = str(module.folder / MANIFEST_NAME)
        yield ModuleFault(code="DUPLICATE_MODULE", module=module.name, message=message, file=file)


def _unique(paths: Iterable[str | Path]) -> Iterator[tuple[Path, str | None]]:
    seen: set[Path] = set()
    for path in paths:
        folder, package = _locate(path)
        children = [] if (folder / MANIFEST_NAME).is_file() else sorted(folder.glob(f"*/{MANIFEST_NAME}"))
        for found in [child.parent for child in children] or [folder]:
            if found.resolve() not in seen:
                seen.add(found.resolve())
                yield found, f"{package}.{found.name}" if package and children else package


def _locate(path_or_package: str | Path) -> tuple[Path, str | None]:
    """The folder, and the package's name where one was given and can be imported."""
    path = Path(path_or_package)
    name = str(path_or_package)
    if path.is_dir() or not all(part.isidentifier() for part in name.split(".")):
        return path, None
    try:
        spec = importlib.util.find_spec(name)
    except Exception:  # noqa: BLE001 - a parent package's own code may raise anything; the path is reported as no module
        return path, None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return (Path(places[0]), name) if places else (path, None)


class _Loader:
    """Loads one module, collecting faults on the way."""

    def __init__(self, folder: Path, package: str | None) -> None:
        self._folder = folder
        self._package = package
        self._file: ManifestFile

    def load(self) -> Module:
        path = self._folder / MANIFEST_NAME
        if not path.is_file():
            return Module(self._folder.name, self._folder, faults=(self._nothing_there(path),))
        self._file = ManifestFile(path)
        manifest = self._file.manifest
        if manifest is None:
            return Module(self._file.module, self._folder, faults=tuple(self._file.faults))
        schedules = self._read("schedules", manifest.schedules, skip=set())
        known = {path, *(file.path for file in schedules)}
        found = self._read("workflows", manifest.workflows, skip=known)
        schedules += tuple(file for file in found if file.path.name.endswith(SCHEDULE_ENDINGS))
        workflows = tuple(file for file in found if not file.path.name.endswith(SCHEDULE_ENDINGS))
        package = ModulePackage(self._folder, self._package)
        steps = dict.fromkeys(self._steps(manifest, package))
        written = PythonWorkflows(package, self._folder, self._file)
        workflows = tuple(document for file in workflows for document in _documents(file, written))
        steps |= dict.fromkeys(written.steps)
        services = tuple(self._services(manifest, package))
        return Module(
            name=manifest.name,
            folder=self._folder,
            manifest=manifest,
            steps=tuple(steps),
            services=services,
            workflows=workflows,
            schedules=schedules,
            faults=tuple(self._file.faults),
        )

    def _nothing_there(self, path: Path) -> ModuleFault:
        what = (
            "has no module.yaml" if self._folder.is_dir() else "is neither a folder nor a package that can be imported"
        )
        message = f"{self._folder} {what}: name a folder with a module.yaml, or one whose sub-folders have one"
        return ModuleFault(code="MODULE_NOT_FOUND", module=str(self._folder), message=message, file=str(path))

    def _read(self, field_name: str, globs: Sequence[str], skip: set[Path]) -> tuple[SourceFile, ...]:
        files: dict[Path, SourceFile] = {}
        for number, pattern in enumerate(globs):
            at = f"{field_name}[{number}]"
            if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                self._file.fault("NO_MATCH", f"'{pattern}' leads out of the module's folder: keep its files inside", at)
                continue
            found = sorted(path for path in self._folder.glob(pattern) if path.is_file() and path not in skip)
            if not found:
                self._file.fault("NO_MATCH", f"'{pattern}' matches no file in {self._folder}: correct or remove it", at)
            for path in found:
                if path not in files and (text := self._text(path)) is not None:
                    files[path] = SourceFile(path, text)
        return tuple(files.values())

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8-sig")
        except OSError as error:
            message = f"cannot be read: {error.strerror}; check its permissions"
        except UnicodeDecodeError as error:
            message = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        fault = ModuleFault(code="UNREADABLE_FILE", module=self._file.module, message=message, file=str(path))
        self._file.faults.append(fault)
        return None

    def _steps(self, manifest: Manifest, package: ModulePackage) -> tuple[StepFunction, ...]:
        steps: dict[StepFunction, None] = {}
        for number, path in enumerate(manifest.steps):
            at = f"steps[{number}]"
            try:
                found = marked_steps(package.import_steps(path))
            except StepsImportError as error:
                self._file.import_fault(error, at)
                continue
            if not found:
                self._file.fault("NO_STEPS", f"'{path}' has no function marked with @step: mark one, or remove it", at)
            steps.update(dict.fromkeys(found))
        return tuple(steps)

    def _services(self, manifest: Manifest, package: ModulePackage) -> Iterator[Service]:
        for number, path in enumerate(manifest.services):
            at = f"services[{number}]"
            try:
                found = marked_services(package.import_named(path))
            except StepsImportError as error:
                self._file.import_fault(error, at, "SERVICE_NOT_IMPORTED")
                continue
            if not found:
                self._file.fault("NO_SERVICE", f"'{path}' is not marked with @service: mark it, or remove it", at)
            for service in found:
                if (said := construction_complaint(service)) is not None:
                    self._file.fault("NO_SERVICE", said, at)
                else:
                    yield service


def _documents(file: SourceFile, written: PythonWorkflows) -> Iterator[SourceFile]:
    """A document as it is; of a Python file the workflows in it, each as a document."""
    if file.path.suffix != ".py":
        yield file
        return
    for workflow in written.read(file.path):
        yield SourceFile(file.path, workflow.to_yaml())
