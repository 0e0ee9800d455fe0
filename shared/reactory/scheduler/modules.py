"""The schedules of modules, as their files have them: new ones stored, changed ones replaced, missing ones deleted (SC-5).

What is not changed in its file is not touched: neither its counters nor what an operator has done to it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reactory.exceptions import InvalidScheduleError
from reactory.ports.schedules import ScheduleQuery, StoredSchedule
from reactory.runner.modules import DocumentFault
from reactory.runner.services import Services
from reactory.scheduler.answers import FileProblem, ReloadAnswer
from reactory.scheduler.desk import changed
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.stored import document_fingerprint, to_stored
from reactory.scheduler.tick import Tick

if TYPE_CHECKING:
    from reactory.steps.modules import Module, SourceFile

SOURCE = "module:"
PAGE = 200
_ROUNDS = 5


@dataclass(slots=True)
class ScheduleReport:
    """Ids of schedules; ``faults`` is all that is wrong with any file, whose schedule then stays as it was."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    faults: list[DocumentFault] = field(default_factory=list)

    def answer(self) -> ReloadAnswer:
        return ReloadAnswer(
            created=self.created,
            updated=self.updated,
            deleted=self.deleted,
            unchanged=self.unchanged,
            skipped=[
                FileProblem(code=one.code, module=one.module, file=one.file, line=one.line, message=one.message)
                for one in self.faults
            ],
        )


def register_schedules(services: Services, modules: Iterable[Module], tenant: str = "default") -> ScheduleReport:
    """Store the schedules of all modules; a bad file stops no other."""
    report = ScheduleReport()
    for module in modules:
        if module.manifest is not None:
            _Registration(services, module, tenant, report).run()
    return report


class _Registration:
    """One module. ``module.manifest`` is there."""

    def __init__(self, services: Services, module: Module, tenant: str, report: ScheduleReport) -> None:
        assert module.manifest is not None
        self._services = services
        self._module = module
        self._tenant = tenant
        self._report = report
        self._ticks = Tick(services)
        self._source = f"{SOURCE}{module.manifest.id}"
        self._unusable = {fault.file for fault in module.faults}

    def run(self) -> None:
        seen: dict[str, Path] = {}
        for file in self._module.schedules:
            try:
                schedule = parse_schedule(file.text)
            except InvalidScheduleError as error:
                self._unusable.add(str(file.path))
                self._tell_problems(file, error)
                continue
            first = seen.setdefault(schedule.id, file.path)
            if first == file.path:
                self._store(file, schedule)
            else:
                said = f"the schedule {schedule.id!r} is also in {first.name}: give one of them another id"
                self._tell("DUPLICATE_SCHEDULE", file, said)
        for stored in list(self._stored()):
            if stored.id not in seen and str(self._module.folder / stored.file) not in self._unusable:
                self._services.schedules.delete(self._tenant, stored.id)
                self._report.deleted.append(stored.id)

    def _store(self, file: SourceFile, schedule: Schedule) -> None:
        """Somebody else may register the same module at the same moment: the outcome is the same."""
        now = self._services.clock.now()
        name = file.path.relative_to(self._module.folder).as_posix()
        for _ in range(_ROUNDS):
            known = self._services.schedules.get(self._tenant, schedule.id)
            if known is None:
                new = to_stored(schedule, now, tenant=self._tenant, source=self._source, file=name)
                if self._services.schedules.create(new):
                    self._ticks.look(new)
                    self._report.created.append(schedule.id)
                    return
            elif known.source != self._source:
                where = "through the API" if known.source == "api" else f"in {known.source.removeprefix(SOURCE)}"
                said = f"there is a schedule {schedule.id!r} already, made {where}: give this one another id"
                self._tell("DUPLICATE_SCHEDULE", file, said)
                return
            elif known.fingerprint == document_fingerprint(schedule):
                self._report.unchanged.append(schedule.id)
                return
            else:
                new = replace(changed(known, schedule, now), fingerprint=document_fingerprint(schedule), file=name)
                if self._services.schedules.replace(new, known.revision):
                    self._ticks.look(new)
                    self._report.updated.append(schedule.id)
                    return
        self._tell("NOT_STORED", file, f"the schedule {schedule.id!r} changes too fast; register the module again")

    def _stored(self) -> Iterator[StoredSchedule]:
        query = ScheduleQuery(tenant=self._tenant, source=self._source, limit=PAGE)
        while True:
            page = self._services.schedules.list(query)
            yield from page.schedules
            if page.next_cursor is None:
                return
            query = replace(query, cursor=page.next_cursor)

    def _tell_problems(self, file: SourceFile, error: InvalidScheduleError) -> None:
        if not error.problems:
            self._tell("INVALID_SCHEDULE", file, error.message)
        for problem in error.problems:
            said = f"{problem.path}: {problem.message}" if problem.path else problem.message
            self._tell(problem.code, file, said, problem.line)

    def _tell(self, code: str, file: SourceFile, message: str, line: int | None = None) -> None:
        self._report.faults.append(DocumentFault(code, self._module.name, message, str(file.path), line))
