"""What comes out of a dead-letter queue, kept to be looked at (WR-11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.ports.dead_letters import DeadLetter
from reactory.topology import queues

SUFFIX = "-dead"
_MINE = frozenset({"SentTimestamp", "ApproximateReceiveCount", "MessageGroupId"})


def read_letter(record: Mapping[str, Any], now: int) -> DeadLetter:
    """The letter in one SQS record. Whatever is in it, it can be kept: what failed once must not fail for ever."""
    known: Mapping[str, Any] = record.get("attributes") or {}
    attributes = {str(name): _text(value) for name, value in known.items() if name not in _MINE}
    for name, attribute in (record.get("messageAttributes") or {}).items():
        attributes[str(name)] = _text((attribute or {}).get("stringValue") or "")
    return DeadLetter(
        id=str(record["messageId"]),
        queue=queue_of(str(record.get("eventSourceARN", ""))),
        body=_text(record.get("body") or ""),
        died_at=now,
        tenant=_text(known.get("MessageGroupId") or "default"),
        sent_at=_number(known.get("SentTimestamp")),
        receives=_number(known.get("ApproximateReceiveCount")) or 0,
        attributes=attributes,
    )


def queue_of(arn: str) -> str:
    """The queue of the topology that a message was sent to, from the ARN of its dead-letter queue.

    A deployment may put a name of its own before that of the topology.
    """
    name = arn.rpartition(":")[2].removesuffix(SUFFIX)
    fitting = [queue.name for queue in queues() if f"-{name}".endswith(f"-{queue.name}")]
    return max(fitting, key=len, default=name)


def _text(value: Any) -> str:
    """A text that can be stored: half a character becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None
