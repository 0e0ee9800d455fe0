"""Wake-ups from SQS advance instances. Partial batch response: what could not be advanced is delivered again."""

from __future__ import annotations

from typing import Any

import msgspec

from functions.host.wiring import worker
from reactory.host.worker import WakeUp
from reactory.observability import logger

_LOG = logger(__name__)


class WakeUpMessage(msgspec.Struct, frozen=True, rename="camel"):
    instance_id: str


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """The message ids to be delivered again: malformed ones end in the dead-letter queue that way (WR-11)."""
    failed: list[str] = []
    instance_of: dict[str, str] = {}
    wakeups: list[WakeUp] = []
    for record in event["Records"]:
        try:
            message = msgspec.json.decode(record["body"], type=WakeUpMessage)
        except msgspec.DecodeError as error:
            _LOG.warning("a wake-up cannot be read", record=record["messageId"], error=str(error))
            failed.append(record["messageId"])
            continue
        instance_of[record["messageId"]] = message.instance_id
        redelivered = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1")) > 1
        wakeups.append(WakeUp(message.instance_id, redelivered))
    unfinished = worker().handle(wakeups, context.get_remaining_time_in_millis())
    failed += [message_id for message_id, instance_id in instance_of.items() if instance_id in unfinished]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
