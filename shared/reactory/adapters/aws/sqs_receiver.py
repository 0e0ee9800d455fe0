"""Receiving from SQS, for the local stack against moto or LocalStack. On AWS the service itself calls the functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from reactory.adapters.aws.batches import batches
from reactory.adapters.aws.errors import classified
from reactory.adapters.aws.queue_urls import QueueUrls
from reactory.adapters.aws.session import LONG_POLL
from reactory.exceptions import QueueUnavailableError
from reactory.ports.queue import Depth, Received

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_PER_CALL = 10
_NO_LIMIT = 1 << 30
_LOST_RECEIPTS = frozenset({"MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue"})


class SqsReceiver:
    """Implements the port ``Receiver``. ``client`` needs a read timeout longer than the waits."""

    def __init__(self, client: Callable[[], SQSClient], urls: Mapping[str, str]) -> None:
        self._client = client
        self._urls = QueueUrls(client, urls)

    def receive(self, queue: str, max_messages: int, wait_seconds: float = 0.0) -> list[Received]:
        """SQS gives ten at a time: asks again, without waiting, while the tens come full."""
        messages: list[MessageTypeDef] = []
        wait = min(math.ceil(wait_seconds), int(LONG_POLL))
        while len(messages) < max_messages:
            asked = min(_PER_CALL, max_messages - len(messages))
            got = self._receive_once(queue, asked, wait)
            messages += got
            if len(got) < asked:
                break
            wait = 0
        return [_received(message) for message in messages]

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        """A receipt that SQS no longer knows is no error: the message comes again, as at-least-once allows."""
        url = self._urls[queue]
        for batch in batches(receipts, len, limit=_NO_LIMIT, count=_PER_CALL):
            with classified(QueueUnavailableError, "SQS", f"DeleteMessageBatch from {queue!r}"):
                self._client().delete_message_batch(
                    QueueUrl=url,
                    Entries=[{"Id": str(index), "ReceiptHandle": receipt} for index, receipt in enumerate(batch)],
                )

    def change_visibility(self, queue: str, receipt: str, seconds: float) -> None:
        from botocore.exceptions import ClientError

        from reactory.adapters.aws.errors import error_code

        url = self._urls[queue]
        with classified(QueueUnavailableError, "SQS", f"ChangeMessageVisibility in {queue!r}"):
            try:
                self._client().change_message_visibility(
                    QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=math.ceil(seconds)
                )
            except ClientError as error:
                if error_code(error).rsplit(".", 1)[-1] not in _LOST_RECEIPTS:
                    raise

    def depth(self, queue: str) -> Depth:
        """As SQS counts: approximately, and what came back unseen counts as in flight until somebody receives."""
        with classified(QueueUnavailableError, "SQS", f"GetQueueAttributes of {queue!r}"):
            answer = self._client().get_queue_attributes(
                QueueUrl=self._urls[queue],
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        counts = answer["Attributes"]
        return Depth(
            visible=int(counts["ApproximateNumberOfMessages"]),
            in_flight=int(counts["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(counts["ApproximateNumberOfMessagesDelayed"]),
        )

    def _receive_once(self, queue: str, count: int, wait: int) -> list[MessageTypeDef]:
        with classified(QueueUnavailableError, "SQS", f"ReceiveMessage from {queue!r}"):
            answer = self._client().receive_message(
                QueueUrl=self._urls[queue],
                MaxNumberOfMessages=count,
                WaitTimeSeconds=wait,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId"],
            )
        return answer.get("Messages", [])


def _received(message: MessageTypeDef) -> Received:
    attributes = message.get("Attributes", {})
    return Received(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        receive_count=int(attributes.get("ApproximateReceiveCount", "1")),
        sent_at=int(attributes.get("SentTimestamp", "0")),
        group=attributes.get("MessageGroupId", "default"),
    )
