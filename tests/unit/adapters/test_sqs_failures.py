"""What the SQS adapter does when SQS refuses messages or cannot be reached."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from reactory.adapters.aws.sqs import SqsQueue
from reactory.exceptions import QueueUnavailableError
from reactory.ports.queue import Message

URLS = {"triggers": "https://sqs.test/triggers"}


class RefusingSqs:
    """Refuses a message as often as ``refusals`` says, by the message's name; keeps what it accepted."""

    def __init__(self, refusals: dict[str, int], *, sender_fault: bool = False) -> None:
        self.refusals = refusals
        self.sender_fault = sender_fault
        self.accepted: list[str] = []
        self.requests: list[int] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  # as boto3 names them
        self.requests.append(len(Entries))
        failed = []
        for entry in Entries:
            name = json.loads(entry["MessageBody"])["id"]
            if self.refusals.get(name, 0) > 0:
                self.refusals[name] -= 1
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": self.sender_fault})
            else:
                self.accepted.append(name)
        return {"Failed": failed}


class BrokenSqs:
    """Every call raises ``error``."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self.error

        return call


def queue(client: object) -> SqsQueue:
    return SqsQueue(lambda: cast("Any", client), URLS)


def named(*names: str) -> list[Message]:
    return [Message({"id": name}) for name in names]


def test_what_was_refused_is_sent_once_more() -> None:
    """A partial failure of SQS's own making is repaired without telling the caller; what was accepted is not sent twice."""
    sqs = RefusingSqs({"b": 1})
    queue(sqs).send("triggers", named("a", "b", "c"))
    assert sorted(sqs.accepted) == ["a", "b", "c"]
    assert sqs.requests == [3, 1]


def test_what_is_refused_twice_is_an_error() -> None:
    """The error names the queue, the code and how many were not sent; the other messages, of all batches, were."""
    sqs = RefusingSqs({"3": 2, "14": 2})
    with pytest.raises(QueueUnavailableError, match=r"'triggers' failed with InternalError.*2 of 25 messages"):
        queue(sqs).send("triggers", named(*map(str, range(25))))
    assert sorted(sqs.accepted, key=int) == [str(number) for number in range(25) if number not in {3, 14}]


def test_the_senders_fault_is_not_repeated() -> None:
    """SQS says that a message is wrong: sending it again is no use."""
    sqs = RefusingSqs({"a": 1}, sender_fault=True)
    with pytest.raises(QueueUnavailableError, match="1 of 2 messages"):
        queue(sqs).send("triggers", named("a", "b"))
    assert sqs.requests == [2]


def test_an_unreachable_service_is_unavailable() -> None:
    """The message names service, operation and error, and says what to check."""
    broken = BrokenSqs(EndpointConnectionError(endpoint_url="http://127.0.0.1:1"))
    with pytest.raises(
        QueueUnavailableError, match=r"SQS SendMessageBatch .* EndpointConnectionError.*AWS_ENDPOINT_URL"
    ) as raised:
        queue(broken).send("triggers", named("a"))
    assert raised.value.retryable


def test_a_denied_call_says_what_to_allow() -> None:
    """AWS's error code is in the message, with the way to fix it."""
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized."}}, "SendMessageBatch")
    with pytest.raises(QueueUnavailableError, match=r"AccessDenied: not authorized\. Allow this action in the role"):
        queue(BrokenSqs(denied)).send("triggers", named("a"))


def test_known_urls_are_not_asked_for() -> None:
    """With REACTORY_QUEUE_URLS no call is spent on looking the queue up; without, SQS is asked once."""

    class Counting(RefusingSqs):
        lookups = 0

        def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803  # as boto3 names it
            self.lookups += 1
            return {"QueueUrl": f"https://sqs.test/{QueueName}"}

    sqs = Counting({})
    sending = queue(sqs)
    sending.send("triggers", named("a"))
    assert sqs.lookups == 0
    sending.send("other", named("a"))
    sending.send("other", named("a"))
    assert sqs.lookups == 1
