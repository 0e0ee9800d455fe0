"""What goes over the wire as JSON text: bodies of messages and details of events, with the limit that AWS sets.

All adapters share it, so that what the memory queue accepts is what SQS accepts.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from reactory.exceptions import PayloadTooLargeError
from reactory.ports.queue import MAX_DELAY

_encoder = msgspec.json.Encoder()


def json_text(value: dict[str, Any], what: str, limit: int) -> str:
    """``value`` as JSON text of at most ``limit`` bytes; ``what`` names it in the error."""
    text = _encoder.encode(value)
    if len(text) > limit:
        raise PayloadTooLargeError(
            f"{what} has {len(text)} bytes as JSON, at most {limit} can be sent. "
            "Store the payload and send a reference to it."
        )
    return text.decode()


def clamped_delay(seconds: float) -> float:
    """``seconds`` cut to what a queue can delay; not a number counts as no delay."""
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), MAX_DELAY)
