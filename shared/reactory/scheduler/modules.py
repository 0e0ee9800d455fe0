"""The schedules of modules: files named ``*-schedule.yaml``, and those that a manifest lists (SC-1, IN-2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reactory.exceptions import InvalidScheduleError
from reactory.runner.modules import DocumentFault
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.schedule import Schedule
from reactory.steps.modules import Module, Modules, SourceFile


@dataclass(frozen=True, slots=True)
class ModuleSchedule:
    """A schedule, the module that brings it, and the file that it stands in."""

    schedule: Schedule
    module: str
    file: Path


@dataclass(frozen=True, slots=True)
class ModuleSchedules:
    """The schedules of all modules, and what is wrong with the files that are left out."""

    schedules: tuple[ModuleSchedule, ...]
    faults: tuple[DocumentFault, ...]


def load_schedules(modules: Modules) -> ModuleSchedules:
    """Reads every schedule of the modules. A file with a problem stops no other; of two with one id the first stays."""
    schedules: dict[str, ModuleSchedule] = {}
    faults: list[DocumentFault] = []
    for module in modules.modules:
        for file in module.schedules:
            try:
                schedule = parse_schedule(file.text, name=str(file.path))
            except InvalidScheduleError as error:
                faults += _told(module, file, error)
                continue
            found = ModuleSchedule(schedule, module.name, file.path)
            first = schedules.setdefault(schedule.id, found)
            if first is not found:
                faults.append(_twice(found, first))
    return ModuleSchedules(tuple(schedules.values()), tuple(faults))


def _told(module: Module, file: SourceFile, error: InvalidScheduleError) -> Iterator[DocumentFault]:
    for problem in error.problems:
        message = f"{problem.path}: {problem.message}" if problem.path else problem.message
        yield DocumentFault(problem.code, module.name, message, str(file.path), problem.line)


def _twice(found: ModuleSchedule, first: ModuleSchedule) -> DocumentFault:
    said = f"'{found.schedule.id}' is also the schedule in {first.file}: give one of them another id"
    return DocumentFault("DUPLICATE_SCHEDULE", found.module, said, str(found.file))
