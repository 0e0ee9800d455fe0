"""Handlers small enough to be predictable, for the tests of the local stack. They run in containers, not in the tests."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from reactory.adapters.counters.breakers import TableBreakers
from reactory.adapters.counters.slots import TableSlots
from reactory.adapters.counters.table import Table
from reactory.local.lambda_context import LambdaContext
from reactory.ports.breakers import BreakerRules, Permit
from reactory.ports.bus import Bus, BusEvent
from reactory.ports.queue import Message, Queue
from reactory.ports.slots import SlotClaim

_PORTS: dict[str, Any] = {}


def wire(queue: Queue, bus: Bus, counters: Table) -> None:
    _PORTS.update(queue=queue, bus=bus, counters=counters)


def _tell(text: str) -> None:
    bus: Bus = _PORTS["bus"]
    bus.publish([BusEvent(id=text, source="test", detail_type=text, detail={"pid": os.getpid()}, time=0)])


def echo(event: Any, context: LambdaContext) -> Any:
    """What came in, and where."""
    return {
        "event": event,
        "pid": os.getpid(),
        "function": context.function_name,
        "memory": context.memory_limit_in_mb,
        "remaining": context.get_remaining_time_in_millis(),
        "request": context.aws_request_id,
        "arn": context.invoked_function_arn,
    }


def act(event: dict[str, Any], _context: LambdaContext) -> Any:
    """Do what ``event["do"]`` says."""
    match event.get("do"):
        case "print":
            sys.stdout.write(f"{event['text']}\n")
        case "raise":
            raise ValueError(event["text"])
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "wait":
            _tell("waiting")
            with Path(event["fifo"]).open(encoding="ascii") as fifo:
                return fifo.read()
        case "overrun":
            signal.pause()
        case "send":
            queue: Queue = _PORTS["queue"]
            queue.send(event["queue"], [Message(event["body"])])
        case "count":
            slots = TableSlots(_PORTS["counters"])
            return slots.take("t", "k", SlotClaim(1, event["holder"], event["until"]), event["now"])
        case "fail":
            breakers = TableBreakers(_PORTS["counters"])
            breakers.report(Permit("t", event["key"]), BreakerRules(), 1, failed=True)
            breakers.report(Permit("t", event["key"]), BreakerRules(), 1, failed=True)
            return [(found.key, found.failures) for found in breakers.list("t", 10)]
        case "unserializable":
            return object()
    return os.getpid()


def consume(event: dict[str, Any], context: LambdaContext) -> Any:
    """A queue's function: each record does what its body says; those with ``fail`` are answered as failed."""
    from msgspec import json

    failures = []
    for record in event["Records"]:
        body = json.decode(record["body"])
        _tell(f"took {body['name']} {record['attributes']['ApproximateReceiveCount']}")
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        if body.get("fail") and first:
            failures.append({"itemIdentifier": record["messageId"]})
        elif body.get("do") and first:
            act(body, context)
    return {"batchItemFailures": failures}


def on_terminate(_event: dict[str, Any], _context: LambdaContext) -> str:
    """Works until SIGTERM says that the time is short, then hands on."""
    short = threading.Event()

    def hand_on(_number: int, _frame: FrameType | None) -> None:
        short.set()

    signal.signal(signal.SIGTERM, hand_on)
    _tell("working")
    short.wait()
    _tell("handed on")
    return "done"


def tick(event: dict[str, Any], _context: LambdaContext) -> None:
    _tell(f"tick {event['detail-type']}")


def api(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """What an HTTP API's function does: answers with the event, or as the query says."""
    from msgspec import json

    query = event.get("queryStringParameters", {})
    if "raise" in query:
        raise RuntimeError("on purpose")
    if "fifo" in query:
        act({"do": "wait", "fifo": query["fifo"]}, _context)
    if "cookie" in query:
        return {"statusCode": 204, "cookies": ["a=1", "b=2"], "headers": {"X-One": "1"}}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.encode(event).decode()}
