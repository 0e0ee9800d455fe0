"""The event bus: what the engine tells the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

MAX_DETAIL = 260_000
"""Bytes of an event's detail as JSON: 256 KB less what EventBridge counts for source, type, id and time."""


class BusEvent(msgspec.Struct, frozen=True):
    """``source`` and ``detail_type`` as in formats.md, "Events out"; ``time`` is milliseconds since the epoch."""

    id: str
    source: str
    detail_type: str
    detail: dict[str, Any]
    time: int


class Bus(Protocol):
    def publish(self, events: Sequence[BusEvent]) -> None:
        """Publish all, at least once. Raises UnavailableError if any could not be published.

        A detail over ``MAX_DETAIL`` is a PayloadTooLargeError, and then nothing is published.
        """
        ...
