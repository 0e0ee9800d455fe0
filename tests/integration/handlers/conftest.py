"""A deployment for each test, in two modes: queue and bus in memory, or boto3 against moto. The database is real."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from reactory.adapters.aws.sqs_receiver import SqsReceiver
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.queue import MemoryQueue
from reactory.adapters.memory.table import MemoryTable
from reactory.adapters.system import SystemClock, UlidIds
from reactory.local import endpoint
from reactory.local.bus_rules import follow_rules
from reactory.local.container_wiring import memory
from reactory.local.containers_environ import RATE_LIMITS
from reactory.ports.bus import BusEvent
from reactory.topology import BUS, FUNCTIONS
from tests.integration.handlers.deployment import Deployment, Told, cool_down

ROOT = Path(__file__).parents[3]
MODULES = (ROOT / "workflows", ROOT / "tests" / "modules")
AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
Configure = Callable[[Mapping[str, str]], None]


@pytest.fixture
def configure(mongo_uri: str, clean_database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Sets the environment of the functions."""

    def set_environment(more: Mapping[str, str]) -> None:
        values = {
            "REACTORY_MONGODB_URI": mongo_uri,
            "REACTORY_DATABASE": clean_database.name,
            "REACTORY_MODULES": json.dumps([str(path) for path in MODULES]),
            "REACTORY_BUS": BUS,
            "REACTORY_RATE_LIMITS": RATE_LIMITS,
            **more,
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_environment


@pytest.fixture(scope="session")
def clients() -> endpoint._Clients:
    """Of the tests, not of the functions. Made once: botocore reads megabytes for each."""
    from moto import mock_aws

    with mock_aws():
        return endpoint._Clients(None, AWS)


@pytest.fixture(params=["memory", "moto"])
def deployment(
    request: pytest.FixtureRequest, configure: Configure, clients: endpoint._Clients
) -> Iterator[Deployment]:
    """Deployed, with the example module and the tests' own."""
    with _process(), _memory(configure) if request.param == "memory" else _moto(configure, clients) as made:
        made.cold_start()
        made.prepare()
        yield made


@contextmanager
def _process() -> Iterator[None]:
    """A process that starts cold and leaves no trace: nothing kept, signals and logging as they were."""
    root, own = logging.getLogger(), logging.getLogger("reactory")
    before = (root.level, own.level, list(root.handlers), signal.getsignal(signal.SIGTERM))
    cool_down()
    try:
        yield
    finally:
        cool_down()
        root.setLevel(before[0])
        own.setLevel(before[1])
        root.handlers[:] = before[2]
        signal.signal(signal.SIGTERM, before[3])


@contextmanager
def _memory(configure: Configure) -> Iterator[Deployment]:
    configure({"REACTORY_AWS": "memory"})
    clock = SystemClock()
    queue, bus, counters = MemoryQueue(clock, UlidIds(clock)), MemoryBus(), MemoryTable()
    follow_rules(bus, queue)
    arrived: list[BusEvent] = []
    bus.subscribe(arrived.append)

    def new() -> list[Told]:
        taken, arrived[:] = list(arrived), []
        return [(event.id, event.detail_type, event.detail) for event in taken]

    yield Deployment(queue, new, lambda: memory(queue, bus, counters))


@contextmanager
def _moto(configure: Configure, clients: endpoint._Clients) -> Iterator[Deployment]:
    """Queues, bus, bucket and table as the local stack provisions them; a rule shows what is on the bus."""
    from moto import mock_aws

    with mock_aws():
        urls = endpoint._provision(clients, FUNCTIONS)
        configure(
            {
                **AWS,
                "REACTORY_AWS": "boto3",
                "REACTORY_QUEUE_URLS": json.dumps(urls),
                "REACTORY_BLOBS": "s3",
                "REACTORY_BUCKET": endpoint.BUCKET,
            }
        )
        receiver = SqsReceiver(lambda: clients.sqs, urls)
        yield Deployment(receiver, _observer(clients), lambda: None)  # composed by itself, as on AWS


def _observer(clients: endpoint._Clients) -> Callable[[], list[Told]]:
    """A rule that sends everything on the bus to a queue."""
    url = clients.sqs.create_queue(QueueName="observer")["QueueUrl"]
    arn = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["reactory.workflow"]})
    clients.events.put_rule(Name="all", EventBusName=BUS, EventPattern=pattern)
    clients.events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "observer", "Arn": arn}])

    def new() -> list[Told]:
        found: list[Told] = []
        while messages := clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            receipts = [message["ReceiptHandle"] for message in messages]
            for receipt in receipts:
                clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)
            events = [json.loads(message["Body"]) for message in messages]
            found += [(event["resources"][0], event["detail-type"], event["detail"]) for event in events]
        return found

    return new
