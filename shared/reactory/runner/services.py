"""What the runner needs from the composition root: the ports and the settings. ``reactory.bootstrap`` provides it."""

from __future__ import annotations

from typing import Protocol

from reactory.ports.blobs import Blobs
from reactory.ports.breakers import Breakers
from reactory.ports.buckets import Buckets
from reactory.ports.clock import Clock, Ids
from reactory.ports.dead_letters import DeadLetters
from reactory.ports.events import EventStore
from reactory.ports.queue import Queue
from reactory.ports.records import Records
from reactory.ports.statistics import ErrorStatistics
from reactory.ports.store import DefinitionStore, InstanceStore
from reactory.ports.tasks import TaskStore
from reactory.settings import Settings


class Services(Protocol):
    """Read-only, so that a frozen dataclass fits."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def ids(self) -> Ids: ...
    @property
    def instances(self) -> InstanceStore: ...
    @property
    def definitions(self) -> DefinitionStore: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def events(self) -> EventStore: ...
    @property
    def tasks(self) -> TaskStore: ...
    @property
    def records(self) -> Records: ...
    @property
    def errors(self) -> ErrorStatistics: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def breakers(self) -> Breakers: ...
    @property
    def buckets(self) -> Buckets: ...
    @property
    def queue(self) -> Queue: ...
