"""Queue names → SQS queue URLs: from the settings, else asked of SQS once per process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reactory.adapters.aws.errors import classified
from reactory.exceptions import QueueUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class QueueUrls:
    def __init__(self, client: Callable[[], SQSClient], known: Mapping[str, str]) -> None:
        self._client = client
        self._known = dict(known)

    def __getitem__(self, queue: str) -> str:
        url = self._known.get(queue)
        if url is None:
            with classified(QueueUnavailableError, "SQS", f"GetQueueUrl of {queue!r}"):
                url = self._client().get_queue_url(QueueName=queue)["QueueUrl"]
            self._known[queue] = url
        return url
