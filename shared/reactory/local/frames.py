"""What the local stack and its containers say to each other: one JSON frame per message, told apart by ``type``."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.adapters.counters.table import Change
from reactory.ports.bus import BusEvent
from reactory.ports.queue import Message


class Setup(msgspec.Struct, frozen=True, tag="setup"):
    """The first frame to a container: which function it is. ``wiring`` is the import path of its composition."""

    function: str
    handler: str
    memory: int
    wiring: str


class Invoke(msgspec.Struct, frozen=True, tag="invoke"):
    """Run the handler. ``deadline`` is milliseconds since the epoch."""

    id: str
    event: Any
    deadline: int


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Finish what runs, then exit."""


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    """The answer to what a container asks of the stack. ``error`` None: done; ``result`` is what came out. ``code`` is that
    of a ``ReactoryError``.
    """

    id: int
    error: str | None = None
    code: str = ""
    result: Any = None


class Fault(msgspec.Struct, frozen=True):
    """An error as Lambda reports it."""

    type: str
    message: str
    trace: list[str] = []


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The handler is imported. ``fault`` tells why it is not."""

    fault: Fault | None = None


class Result(msgspec.Struct, frozen=True, tag="result"):
    id: str
    result: Any


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    id: str
    fault: Fault


class Send(msgspec.Struct, frozen=True, tag="send"):
    """Messages for a queue of the stack."""

    id: int
    queue: str
    messages: list[Message]


class Publish(msgspec.Struct, frozen=True, tag="publish"):
    """Events for the bus of the stack."""

    id: int
    events: list[BusEvent]


class ReadCounter(msgspec.Struct, frozen=True, tag="read_counter"):
    """Answered with the item, or None."""

    id: int
    key: str


class ChangeCounter(msgspec.Struct, frozen=True, tag="change_counter"):
    """Answered with a ``Changed``."""

    id: int
    key: str
    change: Change


class ListCounters(msgspec.Struct, frozen=True, tag="list_counters"):
    """Answered with items."""

    id: int
    kind: str
    limit: int
    after: str | None


Request = Send | Publish | ReadCounter | ChangeCounter | ListCounters
"""What a container asks of the stack; each is answered by an ``Ack``."""

ToContainer = Setup | Invoke | Stop | Ack
ToStack = Ready | Result | Failure | Request
Frame = ToContainer | ToStack
