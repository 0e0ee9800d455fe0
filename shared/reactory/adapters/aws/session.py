"""boto3 clients, made at their first use.

boto3 with one client costs about 170 ms and most handlers of the API never need it, so nothing here is imported before
the first call. Region, credentials and endpoint (``AWS_REGION``, ``AWS_ENDPOINT_URL``) are boto3's own business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from reactory.exceptions import CountersUnavailableError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

Client = TypeVar("Client")

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 5.0
COUNTING_TIMEOUT = 1.0
"""Seconds, to connect and to read: a counter that is slow is worth less than the call that waits for it."""

LONG_POLL = 20.0
"""Seconds, the longest that SQS waits for a message."""


class Lazy(Generic[Client]):
    """One client for all threads, made by whoever comes first. botocore's clients are thread-safe, sessions are not."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Client | None = None

    def __call__(self) -> Client:
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._make()
        return self._client


def sqs_client() -> SQSClient:
    return cast("SQSClient", _client("sqs", READ_TIMEOUT))


def sqs_receiving_client() -> SQSClient:
    """With a read timeout that outlasts a long poll."""
    return cast("SQSClient", _client("sqs", LONG_POLL + READ_TIMEOUT))


def events_client() -> EventBridgeClient:
    return cast("EventBridgeClient", _client("events", READ_TIMEOUT))


def s3_client() -> S3Client:
    return cast("S3Client", _client("s3", READ_TIMEOUT))


def dynamodb_client() -> DynamoDBClient:
    """For counters: two attempts, each of which is short. Raises CountersUnavailableError."""
    made = _client("dynamodb", COUNTING_TIMEOUT, COUNTING_TIMEOUT, attempts=2, error=CountersUnavailableError)
    return cast("DynamoDBClient", made)


def secrets_client() -> Any:
    """Untyped: one call in the life of a process."""
    return _client("secretsmanager", READ_TIMEOUT)


def kms_client() -> Any:
    """Untyped: two calls an hour."""
    return _client("kms", READ_TIMEOUT)


def _client(
    service: str,
    read_timeout: float,
    connect_timeout: float = CONNECT_TIMEOUT,
    *,
    attempts: int = 3,
    error: type[UnavailableError] = UnavailableError,
) -> Any:
    import boto3
    from botocore.config import Config

    from reactory.adapters.aws.errors import classified

    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        tcp_keepalive=True,
    )
    with classified(error, service, "client"):
        # A session of its own: boto3's default session is shared and not thread-safe.
        return boto3.session.Session().client(service, config=config)  # type: ignore[call-overload]  # the service's name is not a literal here
