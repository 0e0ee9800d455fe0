"""What the local stack and its containers say to each other: one JSON frame per message, told apart by ``type``."""

from __future__ import annotations

from typing import Any

import msgspec

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
    """The answer to ``Send`` and ``Publish``. ``error`` None: done. ``code`` is that of a ``ReactoryError``."""

    id: int
    error: str | None = None
    code: str = ""


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


ToContainer = Setup | Invoke | Stop | Ack
ToStack = Ready | Result | Failure | Send | Publish
Frame = ToContainer | ToStack
