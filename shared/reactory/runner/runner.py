"""The component's use cases, wired: what a function or a test holds of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactory.runner.activities import Activities
from reactory.runner.batch import BatchOperations
from reactory.runner.control import ControlInstance
from reactory.runner.events import PublishEvents
from reactory.runner.fork import ForkInstance
from reactory.runner.query import QueryInstances
from reactory.runner.registry import Handlers, Registry
from reactory.runner.services import Services
from reactory.runner.start import StartWorkflow
from reactory.runner.tasks import UserTasks

if TYPE_CHECKING:
    from reactory.host.definitions import Definitions


@dataclass(frozen=True, slots=True)
class Runner:
    services: Services
    start: StartWorkflow
    control: ControlInstance
    query: QueryInstances
    registry: Registry
    events: PublishEvents
    tasks: UserTasks
    activities: Activities
    forks: ForkInstance
    batches: BatchOperations

    @classmethod
    def of(
        cls,
        services: Services,
        programs: Definitions,
        handlers: Handlers | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Runner:
        """``handlers`` gives the names of the Python steps that documents may call; None: they are not checked."""
        start, control = StartWorkflow(services, programs), ControlInstance(services, programs)
        return cls(
            services=services,
            start=start,
            control=control,
            query=QueryInstances(services, programs, sleep),
            registry=Registry(services, handlers),
            events=PublishEvents(services),
            tasks=UserTasks(services),
            activities=Activities(services),
            forks=ForkInstance(services, programs, start),
            batches=BatchOperations(services, control),
        )
