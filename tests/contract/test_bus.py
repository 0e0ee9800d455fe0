"""The contract of the port Bus, kept by the memory bus and by EventBridge (moto)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from reactory.adapters.aws import session
from reactory.adapters.aws.eventbridge import EventBridgeBus
from reactory.adapters.memory.bus import MemoryBus
from reactory.exceptions import PayloadTooLargeError
from reactory.ports.bus import MAX_DETAIL, Bus, BusEvent

SOURCE = "reactory.workflow"
STATUS_CHANGE = "Workflow Instance Status Change"


@dataclass(frozen=True)
class Line:
    """A bus, and what arrived at its other end: (id, source, detail type, detail)."""

    bus: Bus
    arrived: Callable[[], list[tuple[str, str, str, dict[str, Any]]]]


@pytest.fixture(params=["memory", "eventbridge"])
def line(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    if request.param == "memory":
        bus = MemoryBus()
        got: list[BusEvent] = []
        bus.subscribe(got.append)
        yield Line(bus, lambda: [(event.id, event.source, event.detail_type, event.detail) for event in got])
        return
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        events, sqs = session.events_client(), session.sqs_client()
        url = sqs.create_queue(QueueName="observer")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.create_event_bus(Name="reactory")
        events.put_rule(Name="all", EventBusName="reactory", EventPattern=json.dumps({"source": [SOURCE]}))
        events.put_targets(Rule="all", EventBusName="reactory", Targets=[{"Id": "observer", "Arn": arn}])

        def arrived() -> list[tuple[str, str, str, dict[str, Any]]]:
            bodies = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                bodies += [json.loads(message["Body"]) for message in messages]
            return [(body["resources"][0], body["source"], body["detail-type"], body["detail"]) for body in bodies]

        yield Line(EventBridgeBus(lambda: events, "reactory"), arrived)


def event(number: int, **detail: Any) -> BusEvent:
    return BusEvent(f"event-{number:03d}", SOURCE, STATUS_CHANGE, {"number": number, **detail}, 1_767_225_600_123)


def test_a_published_event_arrives_as_it_was(line: Line) -> None:
    """WH-23: source, detail type and detail reach a subscriber unchanged, with the id by which a double is recognised."""
    line.bus.publish([event(1, status="COMPLETED", reason=None, text="é€")])
    detail = {"number": 1, "status": "COMPLETED", "reason": None, "text": "é€"}
    assert line.arrived() == [("event-001", SOURCE, STATUS_CHANGE, detail)]


def test_more_events_than_a_batch_all_arrive(line: Line) -> None:
    """Publishing is not limited by the batch size of the service."""
    line.bus.publish([event(number) for number in range(23)])
    assert sorted(found[0] for found in line.arrived()) == [f"event-{number:03d}" for number in range(23)]


def test_large_events_all_arrive(line: Line) -> None:
    """Details that together exceed one request are published in several; one of the greatest size fits."""
    line.bus.publish([event(1, pad="x" * (MAX_DETAIL - 30)), event(2, pad="x" * 200_000)])
    assert sorted(found[0] for found in line.arrived()) == ["event-001", "event-002"]


def test_publishing_nothing_is_allowed(line: Line) -> None:
    """An empty list publishes nothing."""
    line.bus.publish([])
    assert line.arrived() == []


def test_a_detail_over_the_limit_is_refused_before_anything_is_published(line: Line) -> None:
    """One detail that is too large fails the whole call, and nothing of it was published."""
    with pytest.raises(PayloadTooLargeError, match=STATUS_CHANGE):
        line.bus.publish([event(1), event(2, pad="x" * MAX_DETAIL)])
    assert line.arrived() == []
