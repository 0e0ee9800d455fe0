"""The contract of the ports Queue and Receiver, kept by the memory queue and by SQS (moto)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reactory.adapters.aws import session
from reactory.adapters.aws.sqs import SqsQueue
from reactory.adapters.aws.sqs_receiver import SqsReceiver
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.queue import MemoryQueue, QueueShape
from reactory.exceptions import PayloadTooLargeError, QueueUnavailableError
from reactory.ports.queue import MAX_BODY, Message, Queue, Receiver

NAME = "wakeups-normal"
DEAD = "wakeups-normal-dead"
MAX_RECEIVES = 3


@dataclass(frozen=True)
class Ends:
    queue: Queue
    receiver: Receiver

    def receive_all(self, name: str = NAME) -> list[str]:
        """The ids in the bodies of everything that can be received now, sorted."""
        found: list[str] = []
        while received := self.receiver.receive(name, 10):
            found += [json.loads(message.body)["id"] for message in received]
        return sorted(found)


@pytest.fixture(params=["memory", "sqs"])
def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    if request.param == "memory":
        queue = MemoryQueue(ManualClock(), SequentialIds(), [QueueShape(NAME, 30, MAX_RECEIVES)])
        yield Ends(queue, queue)
        return
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        client = session.sqs_client()
        dead = client.create_queue(QueueName=DEAD)["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
        client.create_queue(QueueName=NAME, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "30"})
        yield Ends(SqsQueue(lambda: client, {}), SqsReceiver(lambda: client, {}))


def numbered(count: int) -> list[Message]:
    return [Message({"id": f"{number:03d}"}) for number in range(count)]


def test_what_is_sent_is_received_with_its_group_and_its_time(ends: Ends) -> None:
    """A received message carries the body as JSON text, the sender's group, when it was sent and the count of receives."""
    ends.queue.send(NAME, [Message({"id": "a", "text": "é\n€"}, group="tenant-1")])
    (received,) = ends.receiver.receive(NAME, 10)
    assert json.loads(received.body) == {"id": "a", "text": "é\n€"}
    assert (received.group, received.receive_count) == ("tenant-1", 1)
    assert received.sent_at > 1_700_000_000_000
    assert received.message_id
    assert received.receipt_handle


def test_more_messages_than_a_batch_all_arrive(ends: Ends) -> None:
    """Sending is not limited by the batch size of the service."""
    ends.queue.send(NAME, numbered(23))
    assert ends.receive_all() == [f"{number:03d}" for number in range(23)]


def test_large_messages_all_arrive(ends: Ends) -> None:
    """Bodies that together exceed one request are sent in several."""
    ends.queue.send(NAME, [Message({"id": str(number), "pad": "x" * 100_000}) for number in range(5)])
    assert ends.receive_all() == ["0", "1", "2", "3", "4"]


def test_sending_nothing_is_allowed(ends: Ends) -> None:
    """An empty list sends nothing and asks nobody."""
    ends.queue.send(NAME, [])
    assert ends.receiver.receive(NAME, 10) == []


def test_receive_hands_out_no_more_than_asked_for(ends: Ends) -> None:
    """``max_messages`` bounds one receive, also beyond the ten that SQS gives per call."""
    ends.queue.send(NAME, numbered(20))
    assert len(ends.receiver.receive(NAME, 3)) == 3
    assert len(ends.receiver.receive(NAME, 15)) == 15
    assert len(ends.receiver.receive(NAME, 15)) == 2


def test_a_received_message_is_invisible(ends: Ends) -> None:
    """While one receiver holds a message, nobody else gets it."""
    ends.queue.send(NAME, numbered(1))
    assert len(ends.receiver.receive(NAME, 10)) == 1
    assert ends.receiver.receive(NAME, 10) == []
    depth = ends.receiver.depth(NAME)
    assert (depth.visible, depth.in_flight) == (0, 1)


def test_a_deleted_message_is_gone(ends: Ends) -> None:
    """Delete takes many receipts and leaves the other messages."""
    ends.queue.send(NAME, numbered(12))
    received = ends.receiver.receive(NAME, 12)
    ends.receiver.delete(NAME, [message.receipt_handle for message in received[:11]])
    depth = ends.receiver.depth(NAME)
    assert (depth.visible, depth.in_flight, depth.delayed) == (0, 1, 0)


def test_zero_visibility_brings_a_message_back_at_once(ends: Ends) -> None:
    """A consumer that cannot use a message gives it back with ``change_visibility(…, 0)``."""
    ends.queue.send(NAME, numbered(1))
    (first,) = ends.receiver.receive(NAME, 10)
    ends.receiver.change_visibility(NAME, first.receipt_handle, 0)
    (second,) = ends.receiver.receive(NAME, 10)
    assert second.message_id == first.message_id
    assert second.receive_count == 2


def test_a_message_received_too_often_moves_to_the_dead_letters(ends: Ends) -> None:
    """EH: poison does not go round for ever; after ``max_receives`` the message is in ``<queue>-dead``, body unchanged."""
    ends.queue.send(NAME, numbered(1))
    for _ in range(MAX_RECEIVES):
        (received,) = ends.receiver.receive(NAME, 10)
        ends.receiver.change_visibility(NAME, received.receipt_handle, 0)
    assert ends.receiver.receive(NAME, 10) == []
    (dead,) = ends.receiver.receive(DEAD, 10)
    assert dead.body == received.body


def test_a_delayed_message_is_not_received_early(ends: Ends) -> None:
    """A delay hides the message until it is due; it counts as delayed meanwhile."""
    ends.queue.send(NAME, [Message({"id": "later"}, delay=600), Message({"id": "now"})])
    assert ends.receive_all() == ["now"]
    assert ends.receiver.depth(NAME).delayed == 1


@pytest.mark.parametrize("delay", [10_000.0, 900.0, 0.2])
def test_any_delay_is_accepted(ends: Ends, delay: float) -> None:
    """A delay over the service's 900 s is cut, a fraction of a second is kept or rounded up: never early, never refused."""
    ends.queue.send(NAME, [Message({"id": "a"}, delay=delay)])
    assert ends.receiver.receive(NAME, 10) == []


def test_a_negative_delay_is_none(ends: Ends) -> None:
    """What was due in the past is due now."""
    ends.queue.send(NAME, [Message({"id": "a"}, delay=-5.0)])
    assert ends.receive_all() == ["a"]


@pytest.mark.parametrize("group", ["naïve tenant", "", "t" * 300])
def test_any_group_is_accepted(ends: Ends, group: str) -> None:
    """A tenant's name that the service would refuse as a group does not keep its messages from being sent."""
    ends.queue.send(NAME, [Message({"id": "a"}, group=group)])
    assert ends.receive_all() == ["a"]


def test_a_body_over_the_limit_is_refused_before_anything_is_sent(ends: Ends) -> None:
    """One body over 256 KB fails the whole call, and nothing of it was sent."""
    with pytest.raises(PayloadTooLargeError, match=r"wakeups-normal.*reference"):
        ends.queue.send(NAME, [Message({"id": "a"}), Message({"pad": "x" * MAX_BODY})])
    assert ends.receiver.receive(NAME, 10) == []


def test_an_unknown_queue_is_unavailable(ends: Ends) -> None:
    """Sending to a queue that does not exist names the queue and what to do."""
    with pytest.raises(QueueUnavailableError, match="wakeups-purple"):
        ends.queue.send("wakeups-purple", [Message({})])
    with pytest.raises(QueueUnavailableError, match="wakeups-purple"):
        ends.receiver.receive("wakeups-purple", 1)


def test_a_forgotten_receipt_is_no_error(ends: Ends) -> None:
    """Deleting or changing with the receipt of a deleted message changes nothing and does not fail."""
    ends.queue.send(NAME, numbered(1))
    (received,) = ends.receiver.receive(NAME, 10)
    ends.receiver.delete(NAME, [received.receipt_handle])
    ends.receiver.delete(NAME, [received.receipt_handle])
    ends.receiver.change_visibility(NAME, received.receipt_handle, 0)
    assert ends.receiver.receive(NAME, 10) == []
