"""The component's use cases, wired: what a function or a test holds of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactory.runner.control import ControlInstance
from reactory.runner.services import Services
from reactory.runner.start import StartWorkflow
from reactory.scheduler.answers import ReloadAnswer
from reactory.scheduler.asked import AskedRuns
from reactory.scheduler.desk import ScheduleDesk
from reactory.scheduler.fire import FireSlots
from reactory.scheduler.judge import Judge, KnownServices
from reactory.scheduler.registration import register_schedules
from reactory.scheduler.runs import Runs
from reactory.scheduler.tick import Tick

if TYPE_CHECKING:
    from reactory.host.definitions import Definitions
    from reactory.steps.modules import Modules


@dataclass(frozen=True, slots=True)
class Scheduler:
    """``modules`` loads the modules of this deployment anew, from their files."""

    services: Services
    ticks: Tick
    fire: FireSlots
    desk: ScheduleDesk
    asked: AskedRuns
    modules: Callable[[], Modules]

    @classmethod
    def of(
        cls,
        services: Services,
        programs: Definitions,
        known: KnownServices,
        modules: Callable[[], Modules],
    ) -> Scheduler:
        """``known`` gives the references of the services that are registered, for ``requiredServices``."""
        ticks = Tick(services)
        runs = Runs(services, ControlInstance(services, programs))
        fire = FireSlots(services, StartWorkflow(services, programs), Judge(services, runs, known), runs)
        return cls(
            services=services,
            ticks=ticks,
            fire=fire,
            desk=ScheduleDesk(services, runs, ticks),
            asked=AskedRuns(services, fire),
            modules=modules,
        )

    def reload(self, tenant: str = "default") -> ReloadAnswer:
        """The schedules of all modules, from their files (SC-5)."""
        return register_schedules(self.services, self.modules(), tenant).answer()
