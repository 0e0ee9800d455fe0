"""The schedules of modules, as their files have them: new ones stored, changed ones replaced, missing ones deleted (SC-5).

What is not changed in its file is not touched: neither its counters nor what an operator has done to it since. The id
tells which one it is, wherever its file stands: in another folder, in another module, in a module that was renamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reactory.ports.schedules import ScheduleQuery, StoredSchedule
from reactory.runner.modules import DocumentFault
from reactory.runner.services import Services
from reactory.scheduler.answers import FileProblem, ReloadAnswer
from reactory.scheduler.desk import changed
from reactory.scheduler.modules import SOURCE, ModuleSchedule, ModuleSchedules, load_schedules, source_of
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.stored import API, document_fingerprint, read_schedule, stopped, to_stored
from reactory.scheduler.tick import Tick

if TYPE_CHECKING:
    from reactory.steps.modules import Modules

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
    """Store the schedules of all modules, and delete those that no module brings any more; a bad file stops no other.

    ``modules`` are all that there are: the schedules of any other module are deleted too, unless some manifest cannot be
    read, which may be that module's.
    """
    found = load_schedules(modules)
    registration = _Registration(services, _Places(modules, found), tenant)
    return registration.run(found)


class _Places:
    """What the modules say about where a stored schedule belongs."""

    def __init__(self, modules: Modules, found: ModuleSchedules) -> None:
        self._found = {one.schedule.id: one for one in found.schedules}
        self._left_out = found.left_out
        self._modules = modules.modules
        self._sources = {source_of(module) for module in modules.modules}
        unread = (fault.file for module in modules.modules for fault in module.faults)
        self._unusable = {*unread, *(fault.file for fault in found.faults)}

    def is_lost(self, stored: StoredSchedule) -> bool:
        """No module brings it any more. A file that cannot be used may still be its file: then it is not lost."""
        return stored.id not in self._found and self.has_left(stored) and not self._is_left_out(stored)

    def has_left(self, stored: StoredSchedule) -> bool:
        """The module that it is from does not bring it any more, or is there no more."""
        if stored.source not in self._sources:
            return None not in self._sources  # else one whose manifest cannot be read may be it
        found = self._found.get(stored.id)
        if found is not None and found.source == stored.source:
            return False
        mine = [module for module in self._modules if source_of(module) == stored.source]
        is_unusable = any(str(module.folder / stored.file) in self._unusable for module in mine)
        return not is_unusable and (stored.source, stored.id) not in self._left_out

    def _is_left_out(self, stored: StoredSchedule) -> bool:
        """A file that cannot be used has its id, or its name in what may be its module under another name."""
        if any(name == stored.id for _, name in self._left_out):
            return True
        names = {str(module.folder / stored.file) for module in self._modules}
        return stored.source not in self._sources and not names.isdisjoint(self._unusable)


class _Registration:
    def __init__(self, services: Services, places: _Places, tenant: str) -> None:
        self._services = services
        self._places = places
        self._tenant = tenant
        self._report = ScheduleReport()
        self._ticks = Tick(services)

    def run(self, found: ModuleSchedules) -> ScheduleReport:
        self._report.faults += found.faults
        for one in found.schedules:
            self._store(one)
        for source in self._services.schedules.sources(self._tenant):
            if source.startswith(SOURCE):
                for stored in list(self._stored(source)):
                    if self._places.is_lost(stored) and self._services.schedules.delete(self._tenant, stored.id):
                        self._report.deleted.append(stored.id)
        return self._report

    def _store(self, found: ModuleSchedule) -> None:
        """Somebody else may register the same module at the same moment: the outcome is the same."""
        name = found.schedule.id
        for _ in range(_ROUNDS):
            known = self._services.schedules.get(self._tenant, name)
            if known is not None and not self._is_for(known, found):
                where = "through the API" if known.source == API else f"in {known.source.removeprefix(SOURCE)}"
                said = f"there is a schedule {name!r} already, made {where}: give this one another id"
                self._tell("DUPLICATE_SCHEDULE", found, said)
                return
            outcome = self._create(found) if known is None else self._update(known, found)
            if outcome is not None:
                outcome.append(name)
                return
        self._tell("NOT_STORED", found, f"the schedule {name!r} changes too fast; register the module again")

    def _is_for(self, known: StoredSchedule, found: ModuleSchedule) -> bool:
        if known.source == found.source:
            return True
        return known.source.startswith(SOURCE) and self._places.has_left(known)

    def _create(self, found: ModuleSchedule) -> list[str] | None:
        now = self._services.clock.now()
        new = to_stored(found.schedule, now, tenant=self._tenant, source=found.source, file=found.name)
        if not self._services.schedules.create(new):
            return None
        self._ticks.look(new)
        return self._report.created

    def _update(self, known: StoredSchedule, found: ModuleSchedule) -> list[str] | None:
        """None: somebody else has changed it meanwhile."""
        schedule, fingerprint = found.schedule, document_fingerprint(found.schedule)
        if known.fingerprint == fingerprint:
            if isinstance(read_schedule(known), Schedule):
                return self._report.unchanged if self._assign(known, found) else None
            schedule = schedule if known.enabled else stopped(schedule)
        new = changed(known, schedule, self._services.clock.now())
        new = replace(new, fingerprint=fingerprint, source=found.source, file=found.name)
        if not self._services.schedules.replace(new, known.revision):
            return None
        self._ticks.look(new)
        return self._report.updated

    def _assign(self, known: StoredSchedule, found: ModuleSchedule) -> bool:
        if (known.source, known.file) == (found.source, found.name):
            return True
        return self._services.schedules.assign(self._tenant, known.id, known.revision, found.source, found.name)

    def _stored(self, source: str) -> Iterator[StoredSchedule]:
        query = ScheduleQuery(tenant=self._tenant, source=source, limit=PAGE)
        while True:
            page = self._services.schedules.list(query)
            yield from page.schedules
            if page.next_cursor is None:
                return
            query = replace(query, cursor=page.next_cursor)

    def _tell(self, code: str, found: ModuleSchedule, message: str) -> None:
        self._report.faults.append(DocumentFault(code, found.module, message, str(found.file)))
