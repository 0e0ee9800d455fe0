"""The composition root: the only module that knows the adapters.

``app()`` is what a handler calls. The App is built at the first call and reused by every later invocation of the
process, with one MongoDB client and its pool (DB-2). Importing this module costs next to nothing and connects to
nothing: adapters are imported when the settings ask for them, and boto3 only when the first message is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from reactory.exceptions import InvalidSettingsError
from reactory.ports.blobs import Blobs
from reactory.ports.breakers import Breakers
from reactory.ports.buckets import Buckets
from reactory.ports.bus import Bus
from reactory.ports.clock import Clock, Ids
from reactory.ports.dead_letters import DeadLetters
from reactory.ports.events import EventStore
from reactory.ports.keys import KeyService
from reactory.ports.queue import Queue
from reactory.ports.records import Records
from reactory.ports.results import ResultCache
from reactory.ports.slots import Slots
from reactory.ports.statistics import Durations, ErrorStatistics
from reactory.ports.store import DefinitionStore, InstanceStore, Schema
from reactory.ports.tasks import TaskStore

if TYPE_CHECKING:
    from reactory.adapters.counters.table import Table
    from reactory.settings import Settings


@dataclass(frozen=True, slots=True)
class App:
    """The ports of one process, wired."""

    settings: Settings
    clock: Clock
    ids: Ids
    instances: InstanceStore
    definitions: DefinitionStore
    events: EventStore
    tasks: TaskStore
    results: ResultCache
    records: Records
    errors: ErrorStatistics
    durations: Durations
    dead_letters: DeadLetters
    blobs: Blobs
    queue: Queue
    bus: Bus
    breakers: Breakers
    buckets: Buckets
    slots: Slots
    schema: Schema


class Ports(TypedDict, total=False):
    """What can be put in the place of an adapter."""

    clock: Clock
    ids: Ids
    instances: InstanceStore
    definitions: DefinitionStore
    events: EventStore
    tasks: TaskStore
    results: ResultCache
    records: Records
    errors: ErrorStatistics
    durations: Durations
    dead_letters: DeadLetters
    blobs: Blobs
    queue: Queue
    bus: Bus
    breakers: Breakers
    buckets: Buckets
    slots: Slots
    schema: Schema


_STORAGE = frozenset(
    {
        *("instances", "definitions", "events", "tasks", "results", "records", "blobs", "schema"),
        *("errors", "durations", "dead_letters"),
    }
)
"""The ports that MongoDB stands behind."""


def bootstrap(settings: Settings, **overrides: Unpack[Ports]) -> App:
    """Wire the adapters that the settings name; a port among ``overrides`` is taken as it is and nothing is built for it."""
    ports: Ports = {**overrides}
    _time(ports)
    _storage(ports, settings)
    if settings.encryption != "off":
        _sealed(ports, settings, overrides.keys())
    _messaging(ports, settings)
    _counters(ports, settings)
    return App(
        settings=settings,
        clock=ports["clock"],
        ids=ports["ids"],
        instances=ports["instances"],
        definitions=ports["definitions"],
        events=ports["events"],
        tasks=ports["tasks"],
        results=ports["results"],
        records=ports["records"],
        errors=ports["errors"],
        durations=ports["durations"],
        dead_letters=ports["dead_letters"],
        blobs=ports["blobs"],
        queue=ports["queue"],
        bus=ports["bus"],
        breakers=ports["breakers"],
        buckets=ports["buckets"],
        slots=ports["slots"],
        schema=ports["schema"],
    )


class _Process:
    """The App of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.app: App | None = None


_process = _Process()


def app() -> App:
    """The App of this process: the installed one, else built from the environment at the first call."""
    if _process.app is None:
        with _process.lock:
            if _process.app is None:
                _process.app = _from_environment()
    return _process.app


def install(app: App | None) -> None:
    """Make ``app`` this process's App, as tests and the local stack do; None: build it anew at the next call."""
    with _process.lock:
        _process.app = app


def _from_environment() -> App:
    from reactory import observability
    from reactory.settings import read_settings

    settings = read_settings()
    observability.configure(settings.log_level, settings.sensitive)
    return bootstrap(settings)


def _time(ports: Ports) -> None:
    from reactory.adapters.system import SystemClock, UlidIds

    clock = ports.setdefault("clock", SystemClock())
    ports.setdefault("ids", UlidIds(clock))


def _storage(ports: Ports, settings: Settings) -> None:
    """MongoDB's adapters share one client; S3 or memory keep the blobs where the settings say so."""
    if "blobs" not in ports and settings.blobs == "memory":
        from reactory.adapters.memory.blobs import MemoryBlobs

        ports["blobs"] = MemoryBlobs()
    if "blobs" not in ports and settings.blobs == "s3":
        from reactory.adapters.aws import session
        from reactory.adapters.aws.s3 import S3Blobs

        ports["blobs"] = S3Blobs(session.Lazy(session.s3_client), settings.bucket)
    if _STORAGE - ports.keys():
        _mongodb(ports, settings)


def _mongodb(ports: Ports, settings: Settings) -> None:
    from reactory.adapters.mongo.blobs import MongoBlobs
    from reactory.adapters.mongo.client import connect
    from reactory.adapters.mongo.dead_letters import MongoDeadLetters
    from reactory.adapters.mongo.definitions import MongoDefinitions
    from reactory.adapters.mongo.durations import MongoDurations
    from reactory.adapters.mongo.error_statistics import MongoErrorStatistics
    from reactory.adapters.mongo.events import MongoEvents
    from reactory.adapters.mongo.instances import MongoInstances
    from reactory.adapters.mongo.records import MongoRecords
    from reactory.adapters.mongo.results import MongoResults
    from reactory.adapters.mongo.schema import MongoSchema
    from reactory.adapters.mongo.tasks import MongoTasks

    database = connect(_mongodb_uri(settings))[settings.database]
    ports.setdefault("instances", MongoInstances(database))
    ports.setdefault("definitions", MongoDefinitions(database))
    ports.setdefault("events", MongoEvents(database))
    ports.setdefault("tasks", MongoTasks(database))
    ports.setdefault("results", MongoResults(database))
    ports.setdefault("records", MongoRecords(database))
    ports.setdefault("errors", MongoErrorStatistics(database))
    ports.setdefault("durations", MongoDurations(database))
    ports.setdefault("dead_letters", MongoDeadLetters(database))
    ports.setdefault("blobs", MongoBlobs(database))
    ports.setdefault("schema", MongoSchema(database))


def _sealed(ports: Ports, settings: Settings, given: AbstractSet[str]) -> None:
    """Encrypt payloads (WH-25) in all ports that were built here; those that were given stay as they are."""
    from reactory.adapters.sealing.blobs import SealedBlobs
    from reactory.adapters.sealing.dead_letters import SealedDeadLetters
    from reactory.adapters.sealing.error_statistics import SealedErrorStatistics
    from reactory.adapters.sealing.events import SealedEvents
    from reactory.adapters.sealing.instances import SealedInstances
    from reactory.adapters.sealing.records import SealedRecords
    from reactory.adapters.sealing.results import SealedResults
    from reactory.adapters.sealing.sealer import Sealer
    from reactory.adapters.sealing.tasks import SealedTasks

    sealer = Sealer(_keys(settings), ports["clock"])
    if "instances" not in given:
        ports["instances"] = SealedInstances(ports["instances"], sealer)
    if "events" not in given:
        ports["events"] = SealedEvents(ports["events"], sealer)
    if "tasks" not in given:
        ports["tasks"] = SealedTasks(ports["tasks"], sealer)
    if "results" not in given:
        ports["results"] = SealedResults(ports["results"], sealer)
    if "records" not in given:
        ports["records"] = SealedRecords(ports["records"], sealer)
    if "errors" not in given:
        ports["errors"] = SealedErrorStatistics(ports["errors"], sealer)
    if "dead_letters" not in given:
        ports["dead_letters"] = SealedDeadLetters(ports["dead_letters"], sealer)
    if "blobs" not in given:
        ports["blobs"] = SealedBlobs(ports["blobs"], sealer)


def _keys(settings: Settings) -> KeyService:
    if settings.encryption == "local":
        from reactory.adapters.local_keys import LocalKeys

        return LocalKeys(settings.master_keys)
    from reactory.adapters.aws import session
    from reactory.adapters.aws.kms import KmsKeys

    return KmsKeys(session.Lazy(session.kms_client), settings.kms_key)


def _mongodb_uri(settings: Settings) -> str:
    if not settings.mongodb_secret:
        return settings.mongodb_uri
    from reactory.adapters.aws import session
    from reactory.adapters.aws.secrets import read_secret

    uri = read_secret(session.secrets_client, settings.mongodb_secret).strip()
    if not uri.startswith(("mongodb://", "mongodb+srv://")):
        raise InvalidSettingsError(
            f"The secret {settings.mongodb_secret} (REACTORY_MONGODB_SECRET) holds no MongoDB URI. "
            "Put the plain text mongodb://… or mongodb+srv://… into it."
        )
    return uri


def _messaging(ports: Ports, settings: Settings) -> None:
    if settings.aws == "memory":
        from reactory.adapters.memory.bus import MemoryBus
        from reactory.adapters.memory.queue import MemoryQueue

        if "queue" not in ports:
            ports["queue"] = MemoryQueue(ports["clock"], ports["ids"])
        ports.setdefault("bus", MemoryBus())
        return
    from reactory.adapters.aws import session
    from reactory.adapters.aws.eventbridge import EventBridgeBus
    from reactory.adapters.aws.sqs import SqsQueue

    ports.setdefault("queue", SqsQueue(session.Lazy(session.sqs_client), settings.queue_urls))
    ports.setdefault("bus", EventBridgeBus(session.Lazy(session.events_client), settings.bus))


def _counters(ports: Ports, settings: Settings) -> None:
    """Breakers, buckets and slots stand on one table."""
    if {"breakers", "buckets", "slots"} <= ports.keys():
        return
    from reactory.adapters.counters.breakers import TableBreakers
    from reactory.adapters.counters.buckets import TableBuckets
    from reactory.adapters.counters.slots import TableSlots

    table = _counters_table(settings)
    ports.setdefault("breakers", TableBreakers(table))
    ports.setdefault("buckets", TableBuckets(table))
    ports.setdefault("slots", TableSlots(table))


def _counters_table(settings: Settings) -> Table:
    if settings.aws == "memory":
        from reactory.adapters.memory.table import MemoryTable

        return MemoryTable()
    from reactory.adapters.aws import session
    from reactory.adapters.aws.dynamodb import DynamoTable

    return DynamoTable(session.Lazy(session.dynamodb_client), settings.counters_table)
