"""What the component needs from the composition root."""

from __future__ import annotations

from typing import Protocol

from reactory.ports.breakers import Breakers
from reactory.ports.bus import Bus
from reactory.ports.clock import Clock
from reactory.ports.dead_letters import DeadLetters
from reactory.ports.queue import Queue
from reactory.ports.statistics import ErrorStatistics
from reactory.ports.store import InstanceStore
from reactory.settings import Settings


class Stores(Protocol):
    """What looking needs. Read-only, so that a frozen dataclass fits."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def instances(self) -> InstanceStore: ...
    @property
    def errors(self) -> ErrorStatistics: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def breakers(self) -> Breakers: ...


class Services(Stores, Protocol):
    """And what intervening needs."""

    @property
    def queue(self) -> Queue: ...
    @property
    def bus(self) -> Bus: ...
