"""What the host works with: the ports, the steps, the limits. Made by the composition root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reactory.host.children import Children, Starter
from reactory.host.definitions import Definitions
from reactory.host.event_desk import EventDesk
from reactory.host.guards import Guards
from reactory.host.step_statistics import StepStatistics
from reactory.ports.blobs import Blobs
from reactory.ports.breakers import Breakers
from reactory.ports.buckets import Buckets
from reactory.ports.bus import Bus
from reactory.ports.clock import Clock, Ids
from reactory.ports.events import EventStore
from reactory.ports.queue import Queue
from reactory.ports.results import ResultCache
from reactory.ports.slots import Slots
from reactory.ports.statistics import Durations, ErrorStatistics
from reactory.ports.store import InstanceStore
from reactory.ports.tasks import TaskStore
from reactory.steps.registry import StepRegistry


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in milliseconds, sizes in bytes.

    ``hand_on_ms`` before a function's deadline no step is started any more; ``abandon_ms`` before it running steps are
    left to the lease's expiry. ``journal_facts`` bounds the journal: then the pass settles in between.
    ``tail_records`` and ``tail_bytes`` bound the history kept in the instance's own document.
    """

    lease_ms: int = 30_000
    heartbeat_ms: int = 10_000
    step_timeout_ms: int = 30_000
    inline_limit: int = 131_072
    step_threads: int = 64
    horizon_ms: int = 2_000
    hand_on_ms: int = 10_000
    abandon_ms: int = 2_000
    journal_facts: int = 100
    journal_bytes: int = 262_144
    tail_records: int = 64
    tail_bytes: int = 32_768


@dataclass(frozen=True, slots=True)
class Services:
    instances: InstanceStore
    definitions: Definitions
    blobs: Blobs
    queue: Queue
    bus: Bus
    clock: Clock
    ids: Ids
    steps: StepRegistry
    events: EventStore
    tasks: TaskStore
    results: ResultCache
    errors: ErrorStatistics
    durations: Durations
    breakers: Breakers
    buckets: Buckets
    slots: Slots
    starter: Starter
    env: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    guards: Guards = field(init=False)
    statistics: StepStatistics = field(init=False)

    def __post_init__(self) -> None:
        """These remember a little for the whole process."""
        guards = Guards(self.breakers, self.buckets, self.slots, self.bus, self.clock)
        object.__setattr__(self, "guards", guards)
        object.__setattr__(self, "statistics", StepStatistics(self.errors, self.durations, self.clock))

    def desk(self) -> EventDesk:
        """Publishes, delivers and looks for events."""
        return EventDesk(self.events, self.instances, self.blobs, self.queue, self.clock, self.limits.inline_limit)

    def children(self) -> Children:
        """Starts, controls and reports instances that other instances started."""
        return Children(self.instances, self.blobs, self.queue, self.clock, self.starter, self.limits.inline_limit)
