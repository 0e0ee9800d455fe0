"""Messages become the events that SQS gives to a function; the answer names what was not done."""

from __future__ import annotations

import pytest

from reactory.local.sqs_event import failed_ids, to_event
from reactory.ports.queue import Received

BATCH = [
    Received("m-1", "r-1", '{"id":1}', 1, 1_700_000_000_000, "default"),
    Received("m-2", "r-2", '{"id":2}', 3, 1_700_000_000_001, "acme"),
]


def test_event_has_the_documented_shape() -> None:
    """A record has every field that AWS documents, counts and times as strings."""
    assert to_event("triggers", BATCH)["Records"][1] == {
        "messageId": "m-2",
        "receiptHandle": "r-2",
        "body": '{"id":2}',
        "attributes": {
            "ApproximateReceiveCount": "3",
            "SentTimestamp": "1700000000001",
            "SenderId": "000000000000",
            "ApproximateFirstReceiveTimestamp": "1700000000001",
            "MessageGroupId": "acme",
        },
        "messageAttributes": {},
        "md5OfBody": "4f56edcb1558d4df2f77295f86059006",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:triggers",
        "awsRegion": "us-east-1",
    }


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_nothing_named_means_all_done(answer: object) -> None:
    """A batch is done when the answer names no failure."""
    assert failed_ids(answer, BATCH) == set()


def test_named_messages_have_failed() -> None:
    """WR-11: only the messages that the function names come back."""
    assert failed_ids({"batchItemFailures": [{"itemIdentifier": "m-2"}]}, BATCH) == {"m-2"}


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"badKey": "m-1"}]},
        {"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "unknown"}]},
        {"batchItemFailures": "m-1"},
        {"batchItemFailures": ["m-1"]},
        "done",
    ],
)
def test_an_answer_that_cannot_be_understood_fails_the_whole_batch(answer: object) -> None:
    """An empty, null, misnamed or unknown identifier, or another shape, fails the batch, as AWS documents."""
    assert failed_ids(answer, BATCH) == {"m-1", "m-2"}
