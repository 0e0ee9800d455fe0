"""What botocore raises, turned into the engine's errors once, at this edge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reactory.exceptions import UnavailableError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_THROTTLED = "The service throttles; the call is repeated later. Raise the quota if it goes on."
_DENIED = "Allow this action in the role of the function (topology.py, needs)."
_CREDENTIALS = "Give the process AWS credentials that are valid now."

ADVICE = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "AuthorizationError": _DENIED,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "NoCredentialsError": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "NoRegionError": "Set AWS_REGION.",
    "AWS.SimpleQueueService.NonExistentQueue": "Deploy the stack, or name the queue's URL in REACTORY_QUEUE_URLS.",
    "QueueDoesNotExist": "Deploy the stack, or name the queue's URL in REACTORY_QUEUE_URLS.",
    "NoSuchBucket": "Deploy the stack, or name an existing bucket in REACTORY_BUCKET.",
    "ResourceNotFoundException": "Deploy the stack, or name what exists in REACTORY_BUS or REACTORY_COUNTERS_TABLE.",
    "EndpointConnectionError": "Check the network, the region and AWS_ENDPOINT_URL.",
    "ConnectTimeoutError": "Check the network, the region and AWS_ENDPOINT_URL.",
    "RequestThrottled": _THROTTLED,
    "SlowDown": _THROTTLED,
    "ProvisionedThroughputExceededException": _THROTTLED,
    "ThrottlingException": _THROTTLED,
}
"""Error code of AWS, or name of a botocore exception → how to fix it."""


@contextmanager
def classified(error: type[UnavailableError], service: str, operation: str) -> Iterator[None]:
    """Whatever botocore raises inside becomes ``error``; the message names service, operation and code."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as foreign:
        code = error_code(foreign)
        message = foreign.response.get("Error", {}).get("Message", "")
        raise error(failure(service, operation, code, message)) from foreign
    except BotoCoreError as foreign:
        raise error(failure(service, operation, type(foreign).__name__, str(foreign))) from foreign


def failure(service: str, operation: str, code: str, message: str) -> str:
    """One line for a failed call, with what to do about it where that is known."""
    said = f"{service} {operation} failed with {code}: {message.rstrip('.')}."
    advice = ADVICE.get(code)
    return f"{said} {advice}" if advice else said


def error_code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "Unknown")
