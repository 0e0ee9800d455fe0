"""The rules of the event bus, for the bus in memory: what matches goes into the rule's queue as EventBridge puts it there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from reactory.adapters.memory.bus import MemoryBus
from reactory.local.lambda_context import ACCOUNT, REGION
from reactory.ports.bus import BusEvent
from reactory.ports.queue import Message, Queue
from reactory.topology import BUS_RULES, BusRuleSpec


def follow_rules(bus: MemoryBus, queue: Queue, rules: Sequence[BusRuleSpec] = BUS_RULES) -> None:
    """From now on every event on the bus goes to the queues whose rules match its source."""

    def forward(event: BusEvent) -> None:
        for rule in rules:
            if rule.matches(event.source):
                queue.send(rule.queue, [Message(to_message(event))])

    bus.subscribe(forward)


def to_message(event: BusEvent) -> dict[str, Any]:
    """An event in the shape in which a rule puts it into a queue. EventBridge gives whole seconds."""
    return {
        "version": "0",
        "id": event.id,
        "detail-type": event.detail_type,
        "source": event.source,
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event.time / 1000)),
        "region": REGION,
        "resources": [event.id],
        "detail": event.detail,
    }
