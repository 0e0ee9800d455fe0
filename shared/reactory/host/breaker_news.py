"""A breaker that has moved, as the log and the bus tell it (CB-7)."""

from __future__ import annotations

import logging

from reactory.kernel.machine import rfc3339
from reactory.ports.breakers import BreakerChange
from reactory.ports.bus import BusEvent

_LOG = logging.getLogger("reactory.host")

SOURCE = "reactory.workflow"
STATE_CHANGE = "Circuit Breaker State Change"


def breaker_event(change: BreakerChange) -> BusEvent:
    detail = {
        "key": change.key,
        "tenant": change.tenant,
        "from": change.before,
        "to": change.after,
        "timestamp": rfc3339(change.at),
    }
    number = f"breaker:{change.tenant}:{change.key}:{change.after}:{change.at}"
    return BusEvent(number, SOURCE, STATE_CHANGE, detail, change.at)


def log_change(change: BreakerChange) -> None:
    level = logging.WARNING if change.after == "open" else logging.INFO
    extra = {"tenant": change.tenant, "circuit": change.key, "from": change.before, "to": change.after}
    _LOG.log(level, "circuit '%s' was %s and is %s", change.key, change.before, change.after, extra=extra)
