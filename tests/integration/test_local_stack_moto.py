"""What the stack creates in moto is what the topology declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest

from reactory import topology
from reactory.local.services import Services, start_services
from reactory.ports.bus import BusEvent
from reactory.ports.queue import Message


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    started = start_services("moto", topology.FUNCTIONS, {})
    yield started
    started.close()


def client(services: Services, name: str) -> Any:
    environ = services.environ
    session = boto3.session.Session(
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        region_name=environ["AWS_REGION"],
    )
    return session.client(name, endpoint_url=environ["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]  # by name


def test_every_queue_has_its_limits(services: Services) -> None:
    """Visibility and redrive of each queue are those of the topology, as on AWS."""
    sqs = client(services, "sqs")
    urls = msgspec.json.decode(services.environ["REACTORY_QUEUE_URLS"], type=dict[str, str])
    for function in topology.FUNCTIONS:
        for queue in function.queues:
            found = sqs.get_queue_attributes(QueueUrl=urls[queue.name], AttributeNames=["All"])["Attributes"]
            redrive = msgspec.json.decode(found["RedrivePolicy"])
            assert found["VisibilityTimeout"] == str(topology.visibility(function))
            assert redrive["deadLetterTargetArn"].endswith(f":{queue.dead_letters}")
            assert int(redrive["maxReceiveCount"]) == queue.max_receives


def test_messages_and_events_go_through(services: Services) -> None:
    """What is sent can be received and deleted; what is published is taken."""
    services.queue.send("triggers", [Message({"id": "one"})])
    received = services.receiver.receive("triggers", 10, 5)
    services.receiver.delete("triggers", [message.receipt_handle for message in received])
    services.bus.publish([BusEvent(id="1", source="test", detail_type="Test", detail={}, time=0)])
    assert [message.body for message in received] == ['{"id":"one"}']


def test_the_table_of_counters_expires(services: Services) -> None:
    """The table has its key and its TTL."""
    dynamodb = client(services, "dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=topology.COUNTERS_TABLE)["TimeToLiveDescription"]
    assert ttl == {"AttributeName": "expiresAt", "TimeToLiveStatus": "ENABLED"}
