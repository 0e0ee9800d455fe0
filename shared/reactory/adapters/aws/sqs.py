"""Sending to SQS standard queues: in tens, several batches at once, what was refused once more.

``MessageGroupId`` on a standard queue is no order but fairness: SQS keeps one tenant's backlog from delaying the others.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from reactory.adapters.aws.batches import at_once, batches
from reactory.adapters.aws.errors import classified, failure
from reactory.adapters.aws.queue_urls import QueueUrls
from reactory.adapters.wire import clamped_delay, json_text
from reactory.exceptions import QueueUnavailableError
from reactory.ports.queue import MAX_BODY, Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef, SendMessageBatchRequestEntryTypeDef

    Entry = SendMessageBatchRequestEntryTypeDef
    Refusal = BatchResultErrorEntryTypeDef

_GROUP = re.compile(r"[!-~]{1,128}")


class SqsQueue:
    """Implements the port ``Queue``. ``client`` is called at the first send; ``urls`` are those known beforehand."""

    def __init__(self, client: Callable[[], SQSClient], urls: Mapping[str, str]) -> None:
        self._client = client
        self._urls = QueueUrls(client, urls)

    def send(self, queue: str, messages: Sequence[Message]) -> None:
        if not messages:
            return
        entries = [_entry(queue, str(index), message) for index, message in enumerate(messages)]
        url = self._urls[queue]
        parts = list(batches(entries, _size, limit=MAX_BODY))
        refused = [refusal for part in at_once(lambda batch: self._send(url, batch), parts) for refusal in part]
        if refused:
            first = refused[0]
            said = failure("SQS", f"SendMessageBatch to {queue!r}", first["Code"], first.get("Message", ""))
            raise QueueUnavailableError(f"{said} ({len(refused)} of {len(messages)} messages were not sent.)")

    def _send(self, url: str, batch: list[Entry]) -> list[Refusal]:
        """Send; what was refused for SQS's own reasons once more. Answers what was refused in the end."""
        refused = self._send_once(url, batch)
        again = {refusal["Id"] for refusal in refused if not refusal["SenderFault"]}
        if not again:
            return refused
        final = [refusal for refusal in refused if refusal["SenderFault"]]
        return final + self._send_once(url, [entry for entry in batch if entry["Id"] in again])

    def _send_once(self, url: str, batch: list[Entry]) -> list[Refusal]:
        with classified(QueueUnavailableError, "SQS", f"SendMessageBatch to {url}"):
            answer = self._client().send_message_batch(QueueUrl=url, Entries=batch)
        return answer.get("Failed", [])


def _entry(queue: str, entry_id: str, message: Message) -> Entry:
    return {
        "Id": entry_id,
        "MessageBody": json_text(message.body, f"A message for queue {queue!r}", MAX_BODY),
        "DelaySeconds": math.ceil(clamped_delay(message.delay)),  # SQS knows whole seconds; early is worse than late
        "MessageGroupId": _group(message.group),
    }


def _size(entry: Entry) -> int:
    return len(entry["MessageBody"].encode())


def _group(group: str) -> str:
    """``group`` where SQS takes it as it is, else its digest: equal groups stay equal."""
    if _GROUP.fullmatch(group):
        return group
    return hashlib.sha256(group.encode()).hexdigest()
