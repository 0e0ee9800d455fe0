"""Wake-ups from SQS advance instances. Partial batch response: what could not be advanced is delivered again."""

from __future__ import annotations

from typing import Any

from functions.host.wiring import worker
from reactory.exceptions import InvalidRequestError
from reactory.host.wakeups import read_wakeup
from reactory.host.worker import WakeUp
from reactory.observability import logger

_LOG = logger(__name__)


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """The message ids to be delivered again: malformed ones end in the dead-letter queue that way (WR-11)."""
    failed: list[str] = []
    asked: dict[str, list[str]] = {}
    wakeups: list[WakeUp] = []
    for record in event["Records"]:
        message_id = record["messageId"]
        try:
            asked[message_id] = read_wakeup(record["body"])
        except InvalidRequestError as error:
            _LOG.warning("a wake-up cannot be read", record=message_id, error=error.message)
            failed.append(message_id)
            continue
        redelivered = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1")) > 1
        wakeups += [WakeUp(instance_id, redelivered) for instance_id in asked[message_id]]
    unfinished = worker().handle(wakeups, context.get_remaining_time_in_millis())
    failed += [message_id for message_id, ids in asked.items() if not unfinished.isdisjoint(ids)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
