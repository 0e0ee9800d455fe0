"""Services that cannot bear concurrency get one request at a time; the others are left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from reactory.local.moto_server import ServiceLocks


@pytest.mark.parametrize(
    ("authorization", "locked"),
    [
        ("AWS4-HMAC-SHA256 Credential=local/20261123/us-east-1/dynamodb/aws4_request, SignedHeaders=host", True),
        ("AWS4-HMAC-SHA256 Credential=local/20261123/us-east-1/sqs/aws4_request, SignedHeaders=host", False),
        ("", False),
    ],
)
def test_only_dynamodb_waits_for_its_lock(authorization: str, locked: bool) -> None:
    """A request of DynamoDB holds the lock until its whole answer is there; no other request does."""
    held: list[bool] = []

    def app(_environ: dict[str, Any], _start: Callable[..., Any]) -> Iterable[bytes]:
        held.append(locks._locks["dynamodb"].locked())
        yield b"answer"

    locks = ServiceLocks(app)
    assert list(locks({"HTTP_AUTHORIZATION": authorization}, lambda *_: None)) == [b"answer"]
    assert held == [locked]
    assert not locks._locks["dynamodb"].locked()
