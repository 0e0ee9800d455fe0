"""Messages as SQS hands them to a function, and the function's answer about the ones that it could not do.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from reactory.local.lambda_context import ACCOUNT, REGION
from reactory.ports.queue import Received


def to_event(queue: str, batch: Sequence[Received]) -> dict[str, Any]:
    return {"Records": [_record(queue, message) for message in batch]}


def failed_ids(result: object, batch: Sequence[Received]) -> set[str]:
    """Message ids of ``batch`` that the function names in ``batchItemFailures``.

    Nothing named: all are done. An answer that cannot be understood, or names something else: none is.
    """
    everything = {message.message_id for message in batch}
    if result is None or result == {}:
        return set()
    failures = result.get("batchItemFailures", []) if isinstance(result, dict) else result
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return everything
    named = {str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in failures}
    unknown = named - everything
    return everything if unknown else named


def _record(queue: str, message: Received) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receive_count),
            "SentTimestamp": str(message.sent_at),
            "SenderId": ACCOUNT,
            "ApproximateFirstReceiveTimestamp": str(message.sent_at),
            "MessageGroupId": message.group,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
        "awsRegion": REGION,
    }
