"""Queue, bus and counters as a container sees them: they live in the stack's process, at the other end of the channel.

Used by the memory adapters' mode only; with boto3 a container talks to the endpoint itself, as on AWS.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from typing import Protocol

import msgspec

from reactory.adapters.counters.table import Change, Changed, Item
from reactory.exceptions import (
    CountersUnavailableError,
    PayloadTooLargeError,
    QueueUnavailableError,
    ReactoryError,
    UnavailableError,
)
from reactory.local.frames import Ack, ChangeCounter, Frame, ListCounters, Publish, ReadCounter, Request, Send
from reactory.ports.bus import BusEvent
from reactory.ports.queue import Message


class Sender(Protocol):
    def send(self, frame: Frame) -> None: ...


class Relay:
    """Sends frames that ask for an answer, and hands each answer to the thread that waits for it."""

    def __init__(self, channel: Sender) -> None:
        self._channel = channel
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, threading.Event] = {}
        self._answers: dict[int, Ack] = {}
        self.queue = RelayQueue(self)
        self.bus = RelayBus(self)
        self.counters = RelayTable(self)

    def number(self) -> int:
        return next(self._numbers)

    def call(self, frame: Request) -> Ack:
        """Send and wait for the answer."""
        answered = threading.Event()
        with self._lock:
            self._waiting[frame.id] = answered
        try:
            self._channel.send(frame)
        except OSError as error:
            with self._lock:
                self._waiting.pop(frame.id, None)
            return Ack(frame.id, f"The local stack is gone: {error}")
        answered.wait()
        return self._answers.pop(frame.id)

    def answer(self, ack: Ack) -> None:
        with self._lock:
            answered = self._waiting.pop(ack.id, None)
        if answered is not None:
            self._answers[ack.id] = ack
            answered.set()


class RelayQueue:
    """Implements the queue port."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def send(self, queue: str, messages: Sequence[Message]) -> None:
        if messages:
            _check(self._relay.call(Send(self._relay.number(), queue, list(messages))), QueueUnavailableError)


class RelayBus:
    """Implements the bus port."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def publish(self, events: Sequence[BusEvent]) -> None:
        if events:
            _check(self._relay.call(Publish(self._relay.number(), list(events))), UnavailableError)


class RelayTable:
    """Implements the table of counters."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def get(self, key: str) -> Item | None:
        ack = self._relay.call(ReadCounter(self._relay.number(), key))
        _check(ack, CountersUnavailableError)
        return msgspec.convert(ack.result, Item | None)

    def change(self, key: str, change: Change) -> Changed:
        ack = self._relay.call(ChangeCounter(self._relay.number(), key, change))
        _check(ack, CountersUnavailableError)
        return msgspec.convert(ack.result, Changed)

    def list(self, kind: str, limit: int, after: str | None) -> list[Item]:
        ack = self._relay.call(ListCounters(self._relay.number(), kind, limit, after))
        _check(ack, CountersUnavailableError)
        return msgspec.convert(ack.result, list[Item])


def _check(ack: Ack, kind: type[ReactoryError]) -> None:
    """Raise what the adapter raised; whatever is not the caller's fault is ``kind``."""
    if ack.error is not None:
        raise (PayloadTooLargeError if ack.code == PayloadTooLargeError.code else kind)(ack.error)
