"""What modules bring, taken over into the database: their workflows, what these start by themselves, their schedules (IN-2, SC-5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactory.runner.modules import DocumentFault, ModuleReport, register_loaded
from reactory.runner.services import Services
from reactory.scheduler.registration import ScheduleReport, register_schedules
from reactory.steps.fault import ModuleFault

if TYPE_CHECKING:
    from reactory.steps.modules import Modules


@dataclass(frozen=True, slots=True)
class Takeover:
    """What is in place now, and all that is wrong with any module: what is wrong stops nothing else."""

    workflows: ModuleReport
    schedules: ScheduleReport

    @property
    def faults(self) -> tuple[ModuleFault | DocumentFault, ...]:
        return (*self.workflows.faults, *self.schedules.faults)

    @property
    def warnings(self) -> tuple[DocumentFault, ...]:
        return self.workflows.warnings


def take_over(services: Services, modules: Modules, *, replace: bool = False) -> Takeover:
    """Safe to call again: what is the same is left alone. ``modules`` are all that there are, see ``register_schedules``.

    Another content under a version that is registered is refused, as it always is (WR-3), unless ``replace``, which is for a
    developer's own stack: see ``Registry``.
    """
    return Takeover(
        workflows=register_loaded(services, modules, replace=replace),
        schedules=register_schedules(services, modules),
    )
