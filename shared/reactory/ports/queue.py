"""Message queues. A message is a hint: it may be lost, doubled or reordered, and nothing breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

MAX_DELAY = 900.0
"""Seconds; longer delays are the sweeper's business."""

MAX_BODY = 262_144
"""Bytes of a message's JSON text."""


class Message(msgspec.Struct, frozen=True):
    """``body`` is JSON-able and carries ids, never payloads. ``delay`` is seconds, 0 to 900. ``group`` is the tenant."""

    body: dict[str, Any]
    delay: float = 0.0
    group: str = "default"


class Queue(Protocol):
    """Where messages are sent. Queue names are those of ``topology.py``: ``wakeups-low`` … ``wakeups-critical``, ``triggers``."""

    def send(self, queue: str, messages: Sequence[Message]) -> None:
        """Send all, in batches as the service allows. Raises QueueUnavailableError if any could not be sent.

        A delay is cut to 0 … 900 s. A body over ``MAX_BODY`` is a PayloadTooLargeError, and then nothing is sent.
        """
        ...


class Received(msgspec.Struct, frozen=True):
    """A message as it was received. ``body`` is JSON text; ``sent_at`` milliseconds; ``receive_count`` counts this one."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: int
    group: str


class Depth(msgspec.Struct, frozen=True):
    """How many messages a queue holds: ready to be received, received and not yet deleted, not yet due."""

    visible: int
    in_flight: int
    delayed: int


class Receiver(Protocol):
    """The other end of a queue. On AWS the service itself receives for the functions; the local stack does it here.

    A received message stays invisible for the queue's visibility timeout and comes back unless it is deleted; after
    ``max_receives`` it moves to ``<queue>-dead``. A receipt of an earlier receive has no power over the message.
    """

    def receive(self, queue: str, max_messages: int, wait_seconds: float = 0.0) -> list[Received]:
        """Up to ``max_messages``; waits for the first one at most ``wait_seconds``. Raises QueueUnavailableError."""
        ...

    def delete(self, queue: str, receipts: Sequence[str]) -> None: ...

    def change_visibility(self, queue: str, receipt: str, seconds: float) -> None:
        """The message becomes visible again that many seconds from now; 0 = at once."""
        ...

    def depth(self, queue: str) -> Depth: ...
