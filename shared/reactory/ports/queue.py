"""Message queues. A message is a hint: it may be lost, doubled or reordered, and nothing breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec


class Message(msgspec.Struct, frozen=True):
    """``body`` is JSON-able and carries ids, never payloads. ``delay`` is seconds, 0 to 900. ``group`` is the tenant."""

    body: dict[str, Any]
    delay: float = 0.0
    group: str = "default"


class Queue(Protocol):
    """Where messages are sent. Queue names are those of ``topology.py``: ``wakeups-low`` … ``wakeups-critical``, ``triggers``."""

    def send(self, queue: str, messages: Sequence[Message]) -> None:
        """Send all, in batches as the service allows. Raises QueueUnavailableError if any could not be sent."""
        ...
