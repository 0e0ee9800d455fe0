"""The events in ``events/`` are what AWS sends: checked against Powertools' models, the topology and themselves."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventV2Model, EventBridgeModel, SqsModel

from reactory.topology import FUNCTIONS, sources

EVENTS = Path(__file__).parents[2] / "events"
API = sorted((EVENTS / "api").glob("*.json"))
SQS = sorted((EVENTS / "sqs").glob("*.json"))
SCHEDULE = sorted((EVENTS / "schedule").glob("*.json"))
DEPLOYMENT = EVENTS / "deployment" / "complete.json"


def load(path: Path) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return event


def test_there_is_an_event_for_every_kind_of_trigger() -> None:
    """API, queue, rule and deployment: each kind of trigger in the topology has an event."""
    assert API
    assert SQS
    assert SCHEDULE
    assert DEPLOYMENT.exists()


@pytest.mark.parametrize("path", API, ids=lambda path: path.stem)
def test_an_api_event_is_one_of_an_http_api(path: Path) -> None:
    """Payload format 2.0, routed as the topology says, consistent in what it tells twice."""
    event = load(path)
    APIGatewayProxyEventV2Model.model_validate(event)
    context = event["requestContext"]
    assert event["version"] == "2.0"
    assert context["http"]["path"] == event["rawPath"]
    assert context["routeKey"] == event["routeKey"]
    assert all(name == name.lower() for name in event["headers"])
    assert dict(parse_qsl(event["rawQueryString"])) == event.get("queryStringParameters", {})
    assert int(event["headers"]["content-length"]) == len(event.get("body", "").encode())
    routes = {f"{route.method} {route.path}" for function in FUNCTIONS for route in function.routes}
    if event["routeKey"] != "$default":
        assert event["routeKey"] in routes
        path_template = event["routeKey"].split(" ", 1)[1]
        assert path_template.format(**event.get("pathParameters", {})) == event["rawPath"]


@pytest.mark.parametrize("path", SQS, ids=lambda path: path.stem)
def test_a_queue_event_is_one_of_sqs(path: Path) -> None:
    """Records of one queue of the topology, no more than its batch, digests right, ids unique."""
    event = load(path)
    SqsModel.model_validate(event)
    records = event["Records"]
    (arn,) = {record["eventSourceARN"] for record in records}
    (queue,) = (queue for spec in FUNCTIONS for queue in sources(spec) if arn.endswith(f":{queue.name}"))
    assert 1 <= len(records) <= queue.batch_size
    assert len({record["messageId"] for record in records}) == len(records)
    for record in records:
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        if not queue.name.endswith("-dead"):  # a dead letter may be anything
            assert isinstance(json.loads(record["body"]), dict)


@pytest.mark.parametrize("path", SCHEDULE, ids=lambda path: path.stem)
def test_a_scheduled_event_is_one_of_eventbridge(path: Path) -> None:
    """What a rule with a schedule expression sends."""
    event = load(path)
    EventBridgeModel.model_validate(event)
    assert event["source"] == "aws.events"
    assert event["detail-type"] == "Scheduled Event"
    assert event["detail"] == {}


def test_the_event_of_a_deployment_is_one_of_cloudformation() -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html."""
    event = load(DEPLOYMENT)
    EventBridgeModel.model_validate(event)
    assert (event["source"], event["detail-type"]) == ("aws.cloudformation", "CloudFormation Stack Status Change")
    assert event["resources"] == [event["detail"]["stack-id"]]
    assert event["detail"]["status-details"]["status"].endswith("_COMPLETE")
