"""The composition root: what it wires, what it leaves alone, what it costs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

from reactory import bootstrap
from reactory.adapters.aws.dynamodb import DynamoTable
from reactory.adapters.aws.eventbridge import EventBridgeBus
from reactory.adapters.aws.s3 import S3Blobs
from reactory.adapters.aws.sqs import SqsQueue
from reactory.adapters.memory.blobs import MemoryBlobs
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.queue import MemoryQueue
from reactory.adapters.memory.table import MemoryTable
from reactory.adapters.sealing.blobs import SealedBlobs
from reactory.adapters.system import SystemClock, UlidIds
from reactory.bootstrap import App, Ports
from reactory.exceptions import InvalidSettingsError
from reactory.settings import Settings


class Anything:
    """Stands for an adapter that these tests do not call."""


@pytest.fixture
def storage() -> Ports:
    """No database."""
    return cast("Ports", {name: Anything() for name in bootstrap._STORAGE})


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """No App before and none after."""
    bootstrap.install(None)
    yield
    bootstrap.install(None)


def test_memory_settings_wire_memory_adapters(storage: Ports) -> None:
    """``aws: memory`` needs no AWS at all."""
    app = bootstrap.bootstrap(Settings(aws="memory"), **storage)
    assert isinstance(app.queue, MemoryQueue)
    assert isinstance(app.bus, MemoryBus)
    assert isinstance(app.clock, SystemClock)
    assert isinstance(app.ids, UlidIds)


def test_aws_settings_wire_boto3_adapters_without_connecting(storage: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building the App makes no client: there is no region here, and no call fails before the first message."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    del storage["blobs"]
    app = bootstrap.bootstrap(Settings(aws="boto3", blobs="s3", bucket="b"), **storage)
    assert isinstance(app.queue, SqsQueue)
    assert isinstance(app.bus, EventBridgeBus)
    assert isinstance(app.blobs, S3Blobs)


def test_the_counters_of_an_app_stand_on_one_table(storage: Ports) -> None:
    """CB-6: breakers, buckets and slots are kept where the queue is, in the table that the settings name."""
    memory = bootstrap.bootstrap(Settings(aws="memory"), **storage)
    assert isinstance(memory.breakers._table, MemoryTable)  # type: ignore[attr-defined]  # not of the port
    aws = bootstrap.bootstrap(Settings(aws="boto3", counters_table="mine"), **storage)
    table = aws.breakers._table  # type: ignore[attr-defined]  # not of the port
    assert isinstance(table, DynamoTable)
    assert table._table == "mine"
    assert aws.slots._table is table  # type: ignore[attr-defined]  # not of the port


def test_overrides_take_the_place_of_adapters(storage: Ports) -> None:
    """A test or the local stack gives its own ports, and they are used by the others too."""
    clock, ids = ManualClock(), SequentialIds("mine")
    storage["clock"], storage["ids"] = clock, ids
    app = bootstrap.bootstrap(Settings(aws="memory"), **storage)
    assert app.clock is clock
    assert app.ids is ids
    assert app.instances is storage["instances"]
    assert cast("MemoryQueue", app.queue)._clock is clock


def test_mongodb_is_wired_by_default() -> None:
    """All stores and the schema share one client (DB-2); nothing waits for a server that is not there."""
    app = bootstrap.bootstrap(Settings(aws="memory", mongodb_uri="mongodb://127.0.0.1:1/?connect=false"))
    ports = [getattr(app, name) for name in bootstrap._STORAGE]
    assert {type(port).__module__.rpartition(".")[0] for port in ports} == {"reactory.adapters.mongo"}


def test_the_app_of_a_process_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DB-2: all invocations and threads of a process share one App, and with it one pooled client."""
    built: list[App] = []

    def build() -> App:
        built.append(cast("App", Anything()))
        return built[-1]

    monkeypatch.setattr(bootstrap, "_from_environment", build)
    got: list[App] = []
    threads = [threading.Thread(target=lambda: got.append(bootstrap.app())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert got == built * 8


def test_an_installed_app_is_used(storage: Ports) -> None:
    """Tests and the local stack put their own App; taking it away lets the environment decide again."""
    app = bootstrap.bootstrap(Settings(aws="memory"), **storage)
    bootstrap.install(app)
    assert bootstrap.app() is app


def test_a_wrong_environment_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call of ``app()`` names the wrong variable, and so does the second: no half-built App stays."""
    monkeypatch.setenv("REACTORY_LEASE_MS", "soon")
    for _ in range(2):
        with pytest.raises(InvalidSettingsError, match="REACTORY_LEASE_MS"):
            bootstrap.app()


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from moto import mock_aws

    from reactory.adapters.aws import session

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        client = session.secrets_client()
        yield lambda text: client.create_secret(Name="uri", SecretString=text)["ARN"]


def test_the_address_of_the_database_comes_from_the_secret(secret: Any) -> None:
    """On AWS the URI is only in Secrets Manager; the environment holds the secret's ARN."""
    arn = secret("mongodb://u:p@db.test\n")
    assert bootstrap._mongodb_uri(Settings(mongodb_secret=arn)) == "mongodb://u:p@db.test"
    assert bootstrap._mongodb_uri(Settings()) == Settings().mongodb_uri


def test_a_secret_that_was_never_filled_is_named(secret: Any) -> None:
    """After the first deployment the secret holds a random text: the error says what to put there, and shows nothing."""
    arn = secret("gdsBH3#x9")
    with pytest.raises(InvalidSettingsError, match="REACTORY_MONGODB_SECRET") as raised:
        bootstrap._mongodb_uri(Settings(mongodb_secret=arn))
    assert "gdsBH3#x9" not in str(raised.value)


def test_importing_the_root_imports_nothing_heavy() -> None:
    """A cold start pays for pymongo and boto3 only when ``app()`` or the first message needs them."""
    heavy = ("pymongo", "boto3", "botocore", "pydantic", "moto", "rich", "aws_lambda_powertools")
    code = f"import reactory.bootstrap, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_building_the_app_imports_no_boto3() -> None:
    """Most requests send no message: boto3 is imported by the first one that does."""
    code = (
        "import sys; from reactory.bootstrap import bootstrap; from reactory.settings import Settings;"
        "names = 'instances definitions events tasks results records errors durations dead_letters schema';"
        "ports = dict.fromkeys(names.split());"
        "bootstrap(Settings(blobs='s3', bucket='b'), **ports); print('botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_encryption_wraps_what_is_built_and_nothing_else(storage: Ports) -> None:
    """WH-25: a port that was given is taken as it is; without the setting nothing is wrapped."""
    del storage["blobs"]
    settings = Settings(aws="memory", blobs="memory", encryption="local", encryption_key="A" * 43 + "=")
    app = bootstrap.bootstrap(settings, **storage)
    assert isinstance(app.blobs, SealedBlobs)
    assert app.instances is storage["instances"]
    assert isinstance(bootstrap.bootstrap(Settings(aws="memory", blobs="memory"), **storage).blobs, MemoryBlobs)


@pytest.mark.parametrize("kind", ["local", "kms"])
def test_every_store_with_payloads_is_sealed(kind: Any) -> None:
    """WH-25: building them asks neither the database nor KMS for anything."""
    settings = Settings(
        aws="memory",
        mongodb_uri="mongodb://127.0.0.1:1/?connect=false",
        encryption=kind,
        encryption_key="A" * 43 + "=",
        kms_key="alias/reactory",
    )
    app = bootstrap.bootstrap(settings)
    sealed = (app.instances, app.events, app.tasks, app.results, app.records, app.errors, app.dead_letters, app.blobs)
    for port in sealed:
        assert type(port).__name__.startswith("Sealed")
