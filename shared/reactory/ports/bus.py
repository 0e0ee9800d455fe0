"""The event bus: what the engine tells the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec


class BusEvent(msgspec.Struct, frozen=True):
    """``source`` and ``detail_type`` as in formats.md, "Events out"; ``time`` is milliseconds since the epoch."""

    id: str
    source: str
    detail_type: str
    detail: dict[str, Any]
    time: int


class Bus(Protocol):
    def publish(self, events: Sequence[BusEvent]) -> None:
        """Publish all, at least once. Raises UnavailableError if any could not be published."""
        ...
