"""The schedules of modules, as their files have them: new ones stored, changed ones replaced, missing ones deleted (SC-5).

What is not changed in its file is not touched: neither its counters nor what an operator has done to it since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reactory.ports.schedules import ScheduleQuery, StoredSchedule
from reactory.runner.modules import DocumentFault
from reactory.runner.services import Services
from reactory.scheduler.answers import FileProblem, ReloadAnswer
from reactory.scheduler.desk import changed
from reactory.scheduler.modules import ModuleSchedule, load_schedules
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.stored import API, document_fingerprint, to_stored
from reactory.scheduler.tick import Tick

if TYPE_CHECKING:
    from reactory.steps.modules import Module, Modules

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


def register_schedules(services: Services, modules: Modules, tenant: str = "default") -> ScheduleReport:
    """Store the schedules of all modules; a bad file stops no other."""
    found = load_schedules(modules)
    report = ScheduleReport(faults=list(found.faults))
    for module in modules.modules:
        if module.manifest is not None:
            mine = [one for one in found.schedules if one.file.is_relative_to(module.folder)]
            _Registration(services, module, tenant, report).run(mine)
    return report


class _Registration:
    """One module. ``module.manifest`` is there."""

    def __init__(self, services: Services, module: Module, tenant: str, report: ScheduleReport) -> None:
        assert module.manifest is not None
        self._services = services
        self._module = module
        self._tenant = tenant
        self._report = report
        self._source = f"{SOURCE}{module.manifest.id}"
        self._ticks = Tick(services)

    def run(self, schedules: Sequence[ModuleSchedule]) -> None:
        unusable = {fault.file for fault in self._module.faults} | {fault.file for fault in self._report.faults}
        for found in schedules:
            self._store(found.file, found.schedule)
        present = {found.schedule.id for found in schedules}
        for stored in list(self._stored()):
            if stored.id not in present and str(self._module.folder / stored.file) not in unusable:
                self._services.schedules.delete(self._tenant, stored.id)
                self._report.deleted.append(stored.id)

    def _store(self, file: Path, schedule: Schedule) -> None:
        """Somebody else may register the same module at the same moment: the outcome is the same."""
        name = file.relative_to(self._module.folder).as_posix()
        for _ in range(_ROUNDS):
            known = self._services.schedules.get(self._tenant, schedule.id)
            outcome = self._create(schedule, name) if known is None else self._update(known, schedule, name)
            if outcome is not None:
                outcome.append(schedule.id)
                return
            if known is not None and known.source != self._source:
                where = "through the API" if known.source == API else f"in {known.source.removeprefix(SOURCE)}"
                said = f"there is a schedule {schedule.id!r} already, made {where}: give this one another id"
                self._tell("DUPLICATE_SCHEDULE", file, said)
                return
        self._tell("NOT_STORED", file, f"the schedule {schedule.id!r} changes too fast; register the module again")

    def _create(self, schedule: Schedule, file: str) -> list[str] | None:
        now = self._services.clock.now()
        new = to_stored(schedule, now, tenant=self._tenant, source=self._source, file=file)
        if not self._services.schedules.create(new):
            return None
        self._ticks.look(new)
        return self._report.created

    def _update(self, known: StoredSchedule, schedule: Schedule, file: str) -> list[str] | None:
        fingerprint = document_fingerprint(schedule)
        if known.source != self._source:
            return None
        if known.fingerprint == fingerprint:
            return self._report.unchanged
        new = replace(changed(known, schedule, self._services.clock.now()), fingerprint=fingerprint, file=file)
        if not self._services.schedules.replace(new, known.revision):
            return None
        self._ticks.look(new)
        return self._report.updated

    def _stored(self) -> Iterator[StoredSchedule]:
        query = ScheduleQuery(tenant=self._tenant, source=self._source, limit=PAGE)
        while True:
            page = self._services.schedules.list(query)
            yield from page.schedules
            if page.next_cursor is None:
                return
            query = replace(query, cursor=page.next_cursor)

    def _tell(self, code: str, file: Path, message: str) -> None:
        self._report.faults.append(DocumentFault(code, self._module.name, message, str(file)))
