"""The bus in memory follows the rules of the topology."""

from __future__ import annotations

import json

from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.queue import MemoryQueue
from reactory.local.bus_rules import follow_rules, to_message
from reactory.local.services import start_services
from reactory.ports.bus import BusEvent
from reactory.topology import FUNCTIONS


def event(source: str) -> BusEvent:
    return BusEvent("e-1", source, "Order Paid", {"amount": 5}, 1_767_225_600_000)


def test_events_of_others_go_into_the_queue() -> None:
    """IM-5: an event of another source lies in the queue as EventBridge puts it there; the engine's own do not."""
    bus, queue = MemoryBus(), MemoryQueue(ManualClock(), SequentialIds())
    follow_rules(bus, queue)
    bus.publish([event("reactory.workflow"), event("shop")])
    (received,) = queue.receive("events", 10)
    assert json.loads(received.body) == to_message(event("shop"))
    assert json.loads(received.body) | {"account": "", "region": ""} == {
        "version": "0",
        "id": "e-1",
        "detail-type": "Order Paid",
        "source": "shop",
        "account": "",
        "time": "2026-01-01T00:00:00Z",
        "region": "",
        "resources": ["e-1"],
        "detail": {"amount": 5},
    }


def test_a_stack_without_the_queue_does_without_the_rule() -> None:
    """IM-5: a stack of other functions has no queue of events, and its bus works all the same."""
    functions = [spec for spec in FUNCTIONS if spec.name == "host-worker"]
    services = start_services("memory", functions, {})
    services.bus.publish([event("shop")])
    whole = start_services("memory", FUNCTIONS, {})
    whole.bus.publish([event("shop")])
    assert len(whole.receiver.receive("events", 10)) == 1
