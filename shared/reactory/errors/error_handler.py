"""The component's use cases, wired: what a function or a test holds of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactory.errors.circuits import Circuits
from reactory.errors.dead_letters import DeadLetterBox
from reactory.errors.redrive import Redrive
from reactory.errors.services import Services
from reactory.errors.statistics import Statistics

if TYPE_CHECKING:
    from reactory.runner.control import ControlInstance


@dataclass(frozen=True, slots=True)
class ErrorHandler:
    services: Services
    statistics: Statistics
    circuits: Circuits
    dead_letters: DeadLetterBox
    redrive: Redrive

    @classmethod
    def of(cls, services: Services, control: ControlInstance) -> ErrorHandler:
        """``control`` retries instances."""
        box = DeadLetterBox(services)
        return cls(services, Statistics(services), Circuits(services), box, Redrive(services, box, control))
