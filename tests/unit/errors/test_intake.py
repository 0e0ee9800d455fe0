"""What comes out of the dead-letter queues is kept, whatever it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from functions.errors.dead_letters import keep
from reactory.adapters.memory.clock import ManualClock
from reactory.adapters.memory.dead_letters import MemoryDeadLetters
from reactory.errors.intake import queue_of, read_letter
from reactory.exceptions import StoreUnavailableError
from reactory.ports.dead_letters import DeadLetter
from reactory.topology import queues

ARN = "arn:aws:sqs:eu-west-1:123456789012:"


def record(message_id: str = "m1", body: str = "{", queue: str = "triggers-dead", **attributes: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "6", "SentTimestamp": "1767225600011", **attributes},
        "messageAttributes": {"ERROR_CODE": {"stringValue": "NO_PERMISSIONS", "dataType": "String"}},
        "md5OfBody": hashlib.md5(body.encode("utf-8", "replace")).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"{ARN}{queue}",
        "awsRegion": "eu-west-1",
    }


def test_a_record_is_a_letter() -> None:
    """WR-11: which queue it was sent to, whose it is, and all that the queue knows."""
    assert read_letter(record(MessageGroupId="acme", SenderId="shop"), 7) == DeadLetter(
        id="m1",
        queue="triggers",
        body="{",
        died_at=7,
        tenant="acme",
        sent_at=1_767_225_600_011,
        receives=6,
        attributes={"SenderId": "shop", "ERROR_CODE": "NO_PERMISSIONS"},
    )


@pytest.mark.parametrize("queue", [queue.name for queue in queues()])
@pytest.mark.parametrize("stack", ["", "reactory-", "reactory-test-"])
def test_the_queue_is_known_whatever_the_deployment_calls_it(queue: str, stack: str) -> None:
    """WR-11: a letter can be sent again only to a queue of the topology."""
    assert queue_of(f"{ARN}{stack}{queue}-dead") == queue


@pytest.mark.parametrize("body", ["", "\x00", "\ud800", "{" * 100_000, "\U0001f4a5"])
def test_no_content_makes_it_fail(body: str) -> None:
    """WR-11: poison that nobody could read is kept here, and does not go round in circles."""
    store = MemoryDeadLetters()
    assert keep([record(body=body), {"messageId": "bare"}], store, ManualClock()) == []
    kept, bare = store.get("m1"), store.get("bare")
    assert kept is not None
    assert bare is not None
    assert kept.body.encode() == body.encode("utf-8", "replace")
    assert (bare.queue, bare.body, bare.tenant) == ("", "", "default")


def test_a_message_that_comes_twice_is_kept_once() -> None:
    """WR-11: the dead-letter queue too delivers at least once."""
    store, clock = MemoryDeadLetters(), ManualClock()
    for _ in range(2):
        assert keep([record("m1"), record("m2")], store, clock) == []
        clock.advance(1000)
    assert [letter.died_at for letter in store.list("default", None, None, 10)] == [clock.now() - 2000] * 2


class Choosy(MemoryDeadLetters):
    """Refuses every write that holds ``m1``."""

    def add(self, letters: Sequence[DeadLetter]) -> None:
        if any(letter.id == "m1" for letter in letters):
            raise StoreUnavailableError("not now")
        super().add(letters)


def test_what_could_not_be_kept_stays_in_the_queue() -> None:
    """WR-11: it alone; the others of its batch are kept."""
    store = Choosy()
    assert keep([record("m0"), record("m1"), record("m2")], store, ManualClock()) == ["m1"]
    assert store.count("default") == 2
