"""Numbers of bookings and papers, made from the idempotency key: a step that runs twice names the same one twice."""

from __future__ import annotations

import hashlib


def reference(kind: str, idempotency_key: str) -> str:
    """``reference("flight", "i1/book/flight")`` → ``flight_0B8F4A51``."""
    digest = hashlib.sha256(f"{kind}:{idempotency_key}".encode()).hexdigest()
    return f"{kind}_{digest[:8].upper()}"
