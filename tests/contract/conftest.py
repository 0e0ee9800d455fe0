"""The stores of the contract suites: each test runs once per adapter. Both go by the real clock: no test waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reactory.adapters.aws import session
from reactory.adapters.aws.dynamodb import DynamoTable
from reactory.adapters.counters.breakers import TableBreakers
from reactory.adapters.counters.buckets import TableBuckets
from reactory.adapters.counters.slots import TableSlots
from reactory.adapters.counters.table import Table
from reactory.adapters.local_keys import LocalKeys
from reactory.adapters.memory.blobs import MemoryBlobs
from reactory.adapters.memory.dead_letters import MemoryDeadLetters
from reactory.adapters.memory.definitions import MemoryDefinitions
from reactory.adapters.memory.durations import MemoryDurations
from reactory.adapters.memory.error_statistics import MemoryErrorStatistics
from reactory.adapters.memory.events import MemoryEvents
from reactory.adapters.memory.executions import MemoryExecutions
from reactory.adapters.memory.instances import MemoryInstances
from reactory.adapters.memory.records import MemoryRecords
from reactory.adapters.memory.results import MemoryResults
from reactory.adapters.memory.schedules import MemorySchedules
from reactory.adapters.memory.table import MemoryTable
from reactory.adapters.memory.tasks import MemoryTasks
from reactory.adapters.mongo.blobs import MongoBlobs
from reactory.adapters.mongo.dead_letters import MongoDeadLetters
from reactory.adapters.mongo.definitions import MongoDefinitions
from reactory.adapters.mongo.durations import MongoDurations
from reactory.adapters.mongo.error_statistics import MongoErrorStatistics
from reactory.adapters.mongo.events import MongoEvents
from reactory.adapters.mongo.executions import MongoExecutions
from reactory.adapters.mongo.instances import MongoInstances
from reactory.adapters.mongo.records import MongoRecords
from reactory.adapters.mongo.results import MongoResults
from reactory.adapters.mongo.schedules import MongoSchedules
from reactory.adapters.mongo.tasks import MongoTasks
from reactory.adapters.sealing.blobs import SealedBlobs
from reactory.adapters.sealing.dead_letters import SealedDeadLetters
from reactory.adapters.sealing.error_statistics import SealedErrorStatistics
from reactory.adapters.sealing.events import SealedEvents
from reactory.adapters.sealing.executions import SealedExecutions
from reactory.adapters.sealing.instances import SealedInstances
from reactory.adapters.sealing.records import SealedRecords
from reactory.adapters.sealing.results import SealedResults
from reactory.adapters.sealing.schedules import SealedSchedules
from reactory.adapters.sealing.sealer import Sealer
from reactory.adapters.sealing.tasks import SealedTasks
from reactory.adapters.system import SystemClock
from reactory.local import endpoint
from reactory.ports.blobs import Blobs
from reactory.ports.breakers import Breakers
from reactory.ports.buckets import Buckets
from reactory.ports.dead_letters import DeadLetters
from reactory.ports.events import EventStore
from reactory.ports.executions import ExecutionLog
from reactory.ports.records import Records
from reactory.ports.results import ResultCache
from reactory.ports.schedules import ScheduleStore
from reactory.ports.slots import Slots
from reactory.ports.statistics import Durations, ErrorStatistics
from reactory.ports.store import DefinitionStore, Instance, InstanceStore, Settle
from reactory.ports.tasks import TaskStore
from reactory.topology import COUNTERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ADAPTERS = ["memory", "mongo", "sealed"]
"""``sealed``: the memory adapter behind the wrapper that encrypts (WH-25)."""
PLAIN = ["memory", "mongo"]
MINUTE = 60_000


def _database(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("clean_database")


def _sealer() -> Sealer:
    return Sealer(LocalKeys([bytes(32)]), SystemClock())


@pytest.fixture(params=[*ADAPTERS, "sealed-mongo"])
def store(request: pytest.FixtureRequest) -> InstanceStore:
    if request.param == "sealed":
        return SealedInstances(MemoryInstances(SystemClock()), _sealer())
    if request.param == "sealed-mongo":
        return SealedInstances(MongoInstances(_database(request)), _sealer())
    return MemoryInstances(SystemClock()) if request.param == "memory" else MongoInstances(_database(request))


@pytest.fixture(params=PLAIN)
def definitions(request: pytest.FixtureRequest) -> DefinitionStore:
    return MemoryDefinitions() if request.param == "memory" else MongoDefinitions(_database(request))


@pytest.fixture(params=ADAPTERS)
def blobs(request: pytest.FixtureRequest) -> Blobs:
    if request.param == "sealed":
        return SealedBlobs(MemoryBlobs(), _sealer())
    return MemoryBlobs() if request.param == "memory" else MongoBlobs(_database(request))


@pytest.fixture(params=ADAPTERS)
def events(request: pytest.FixtureRequest) -> EventStore:
    if request.param == "sealed":
        return SealedEvents(MemoryEvents(SystemClock()), _sealer())
    return MemoryEvents(SystemClock()) if request.param == "memory" else MongoEvents(_database(request))


@pytest.fixture(params=ADAPTERS)
def results(request: pytest.FixtureRequest) -> ResultCache:
    if request.param == "sealed":
        return SealedResults(MemoryResults(SystemClock()), _sealer())
    return MemoryResults(SystemClock()) if request.param == "memory" else MongoResults(_database(request))


@pytest.fixture(params=ADAPTERS)
def records(request: pytest.FixtureRequest) -> Records:
    if request.param == "sealed":
        return SealedRecords(MemoryRecords(), _sealer())
    return MemoryRecords() if request.param == "memory" else MongoRecords(_database(request))


@pytest.fixture(params=ADAPTERS)
def tasks(request: pytest.FixtureRequest) -> TaskStore:
    if request.param == "sealed":
        return SealedTasks(MemoryTasks(SystemClock()), _sealer())
    return MemoryTasks(SystemClock()) if request.param == "memory" else MongoTasks(_database(request))


@pytest.fixture(params=ADAPTERS)
def errors(request: pytest.FixtureRequest) -> ErrorStatistics:
    if request.param == "sealed":
        return SealedErrorStatistics(MemoryErrorStatistics(), _sealer())
    return MemoryErrorStatistics() if request.param == "memory" else MongoErrorStatistics(_database(request))


@pytest.fixture(params=PLAIN)
def durations(request: pytest.FixtureRequest) -> Durations:
    return MemoryDurations() if request.param == "memory" else MongoDurations(_database(request))


@pytest.fixture(params=ADAPTERS)
def dead_letters(request: pytest.FixtureRequest) -> DeadLetters:
    if request.param == "sealed":
        return SealedDeadLetters(MemoryDeadLetters(), _sealer())
    return MemoryDeadLetters() if request.param == "memory" else MongoDeadLetters(_database(request))


@pytest.fixture(params=ADAPTERS)
def schedules(request: pytest.FixtureRequest) -> ScheduleStore:
    if request.param == "sealed":
        return SealedSchedules(MemorySchedules(), _sealer())
    return MemorySchedules() if request.param == "memory" else MongoSchedules(_database(request))


@pytest.fixture(params=ADAPTERS)
def executions(request: pytest.FixtureRequest) -> ExecutionLog:
    if request.param == "sealed":
        return SealedExecutions(MemoryExecutions(SystemClock()), _sealer())
    return MemoryExecutions(SystemClock()) if request.param == "memory" else MongoExecutions(_database(request))


@pytest.fixture
def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def new(now: int) -> Callable[..., Instance]:
    """An instance that is due since a minute, with whatever fields the test cares for."""

    def build(instance_id: str = "one", **fields: Any) -> Instance:
        values: dict[str, Any] = {
            "workflow_id": "acme.Order",
            "version": "1.0.0",
            "fingerprint": "f1",
            "status": "PENDING",
            "created_at": now,
            "updated_at": now,
            "wake_at": now - MINUTE,
        }
        return Instance(id=instance_id, **(values | fields))

    return build


@pytest.fixture
def claimed(store: InstanceStore, new: Callable[..., Instance]) -> Callable[..., Instance]:
    """An instance that was created and claimed by ``w1`` for a minute."""

    def build(instance_id: str = "one", **fields: Any) -> Instance:
        store.create([new(instance_id, **fields)])
        (instance,) = store.claim([instance_id], "w1", MINUTE, 0)
        return instance

    return build


@pytest.fixture
def settle_of(now: int) -> Callable[..., Settle]:
    """A settle of an instance by its owner, with whatever fields the test cares for."""

    def build(instance: Instance, **fields: Any) -> Settle:
        values: dict[str, Any] = {
            "instance_id": instance.id,
            "epoch": instance.epoch,
            "owner": instance.lease_owner,
            "state": '{"done":true}',
            "status": "RUNNING",
            "reason": None,
            "started_at": now,
            "completed_at": None,
            "updated_at": now,
            "wake_at": None,
            "timer_at": None,
            "waits": [],
            "outbox": [],
            "history": [],
        }
        return Settle(**(values | fields))

    return build


@pytest.fixture(scope="session")
def dynamodb() -> DynamoDBClient:
    """Made once: botocore reads megabytes for it."""
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as environ, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environ.setenv(name, "testing")
        environ.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        return session.dynamodb_client()


@pytest.fixture(params=["memory", "dynamodb"])
def counters(request: pytest.FixtureRequest) -> Iterator[Table]:
    """An empty table of counters, as the local stack makes it."""
    if request.param == "memory":
        yield MemoryTable()
        return
    from moto import mock_aws

    client = request.getfixturevalue("dynamodb")
    with mock_aws():
        endpoint._create_table(client)
        yield DynamoTable(lambda: client, COUNTERS_TABLE)


@pytest.fixture
def breakers(counters: Table) -> Breakers:
    return TableBreakers(counters)


@pytest.fixture
def buckets(counters: Table) -> Buckets:
    return TableBuckets(counters)


@pytest.fixture
def slots(counters: Table) -> Slots:
    return TableSlots(counters)
