"""The schedules of modules: files named ``*-schedule.yaml``, and those that a manifest lists (SC-1, IN-2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reactory.definition.document import load_document
from reactory.exceptions import InvalidDefinitionError, InvalidScheduleError
from reactory.runner.modules import DocumentFault
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.schedule import Schedule
from reactory.steps.modules import Module, Modules, SourceFile

SOURCE = "module:"


@dataclass(frozen=True, slots=True)
class ModuleSchedule:
    """A schedule, the module that brings it, and the file that it stands in. ``source`` is what is stored of the module,
    and ``name`` of the file: its path in the module's folder.
    """

    schedule: Schedule
    module: str
    file: Path
    source: str
    name: str


@dataclass(frozen=True, slots=True)
class ModuleSchedules:
    """The schedules of all modules, what is wrong with the files that are left out, and the ids that those have, as far
    as they can be told.
    """

    schedules: tuple[ModuleSchedule, ...]
    faults: tuple[DocumentFault, ...]
    left_out: frozenset[tuple[str, str]] = frozenset()
    """Of each its module's source, and its id."""


def load_schedules(modules: Modules) -> ModuleSchedules:
    """Reads every schedule of the modules. A file with a problem stops no other; of two with one id the first stays."""
    schedules: dict[str, ModuleSchedule] = {}
    faults: list[DocumentFault] = []
    left_out: set[tuple[str, str]] = set()
    for module in modules.modules:
        source = source_of(module) or ""
        for file in module.schedules:
            try:
                schedule = parse_schedule(file.text, name=str(file.path))
            except InvalidScheduleError as error:
                faults += _told(module, file, error)
                left_out |= {(source, name) for name in _id_in(file)}
                continue
            name = file.path.relative_to(module.folder).as_posix()
            found = ModuleSchedule(schedule, module.name, file.path, source, name)
            first = schedules.setdefault(schedule.id, found)
            if first is not found:
                faults.append(_twice(found, first))
                left_out.add((source, schedule.id))
    return ModuleSchedules(tuple(schedules.values()), tuple(faults), frozenset(left_out))


def source_of(module: Module) -> str | None:
    """As it is stored with the module's schedules; None for a module whose manifest cannot be used."""
    return None if module.manifest is None else f"{SOURCE}{module.manifest.id}"


def _id_in(file: SourceFile) -> Iterator[str]:
    """The id in a file that is no valid schedule, where it is one in YAML or JSON at all."""
    try:
        name = load_document(file.text).data.get("id")
    except InvalidDefinitionError:
        return
    if isinstance(name, str):
        yield name


def _told(module: Module, file: SourceFile, error: InvalidScheduleError) -> Iterator[DocumentFault]:
    for problem in error.problems:
        message = f"{problem.path}: {problem.message}" if problem.path else problem.message
        yield DocumentFault(problem.code, module.name, message, str(file.path), problem.line)


def _twice(found: ModuleSchedule, first: ModuleSchedule) -> DocumentFault:
    said = f"'{found.schedule.id}' is also the schedule in {first.file}: give one of them another id"
    return DocumentFault("DUPLICATE_SCHEDULE", found.module, said, str(found.file))
