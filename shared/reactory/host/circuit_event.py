"""A breaker that has moved, told on the bus (CB-7)."""

from __future__ import annotations

from reactory.host.outbox import SOURCE
from reactory.kernel.machine import rfc3339
from reactory.ports.breakers import BreakerChange
from reactory.ports.bus import BusEvent

CIRCUIT_CHANGE = "Circuit Breaker State Change"


def circuit_event(change: BreakerChange, *, reason: str = "", by: str = "") -> BusEvent:
    """``reason`` and ``by`` are those of an operator's reset; a breaker that moves by itself has none. The id is the same
    whoever tells it.
    """
    detail = {
        "circuit": change.key,
        "tenant": change.tenant,
        "state": change.after,
        "previousState": change.before,
        "reason": reason or None,
        "by": by or None,
        "timestamp": rfc3339(change.at),
    }
    return BusEvent(f"{change.tenant}:{change.key}:{change.at}", SOURCE, CIRCUIT_CHANGE, detail, change.at)
