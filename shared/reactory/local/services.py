"""Queue, bus and counters of a stack: in memory, in moto inside this process, or behind an endpoint such as LocalStack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reactory.adapters.counters.table import Table
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.queue import MemoryQueue, QueueShape
from reactory.adapters.memory.table import MemoryTable
from reactory.adapters.system import SystemClock, UlidIds
from reactory.exceptions import StartupError
from reactory.local.bus_rules import follow_rules
from reactory.ports.bus import Bus
from reactory.ports.queue import Queue, Receiver
from reactory.topology import BUS_RULES, FunctionSpec, visibility

Mode = Literal["memory", "moto", "endpoint"]


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Services:
    """``environ`` is for the containers, ``wiring`` their composition.

    ``wake`` ends the waits of receivers, now and later; ``close`` ends what was started, after everything else.
    """

    title: str
    wiring: str
    environ: Mapping[str, str]
    queue: Queue
    receiver: Receiver
    bus: Bus
    counters: Table
    wake: Callable[[], None] = field(default=_nothing)
    close: Callable[[], None] = field(default=_nothing)


def start_services(mode: Mode, functions: Sequence[FunctionSpec], environ: Mapping[str, str]) -> Services:
    """Create every queue of ``functions``, and the bus, in the mode's service."""
    if mode == "memory":
        return _memory(functions)
    from reactory.local.endpoint import start_endpoint, start_moto

    if mode == "moto":
        return start_moto(functions)
    url = environ.get("AWS_ENDPOINT_URL")
    if not url:
        raise StartupError("--aws endpoint needs AWS_ENDPOINT_URL, for example http://127.0.0.1:4566 for LocalStack.")
    return start_endpoint(url, functions, environ)


def _memory(functions: Sequence[FunctionSpec]) -> Services:
    clock = SystemClock()
    shapes = [
        QueueShape(queue.name, visibility(function), queue.max_receives)
        for function in functions
        for queue in function.queues
    ]
    queue, bus = MemoryQueue(clock, UlidIds(clock), shapes), MemoryBus()
    names = {shape.name for shape in shapes}
    follow_rules(bus, queue, [rule for rule in BUS_RULES if rule.queue in names])
    return Services(
        title="queues, bus and counters in memory",
        wiring="reactory.local.container_wiring.memory",
        environ={"REACTORY_AWS": "memory"},
        queue=queue,
        receiver=queue,
        bus=bus,
        counters=MemoryTable(),
        wake=queue.close,
    )
