"""What several kinds of test share: one real MongoDB for the whole run, and a database of its own for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from reactory.adapters.mongo.client import connect
from reactory.adapters.mongo.schema import MongoSchema
from reactory.local.mongod import MongodOptions, start_mongod

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mongod started for this run, which takes ``failCommand``; or the one that MONGODB_URI names."""
    given = os.environ.get("MONGODB_URI")
    if given:
        yield given
        return
    options = MongodOptions(tmp_path_factory.mktemp("mongod"), parameters={"enableTestCommands": "1"}, cache_gb=0.25)
    with start_mongod(options) as mongod:
        yield mongod.uri
        connect(mongod.uri).close()


@pytest.fixture
def mongo_client(mongo_uri: str) -> MongoClient[dict[str, Any]]:
    """The client that the adapters use: one for the process."""
    return connect(mongo_uri)


@pytest.fixture
def empty_database(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """A database that nobody else uses, without collections. It goes with its server, or is dropped from a given one."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    yield mongo_client[name]
    if "MONGODB_URI" in os.environ:  # a drop takes longer than most tests
        mongo_client.drop_database(name)


@pytest.fixture(scope="session")
def prepared_database(mongo_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """A database with all collections and indexes."""
    mongo_client = connect(mongo_uri)
    database = mongo_client[f"test_{os.getpid()}_prepared"]
    MongoSchema(database).ensure()
    yield database
    if "MONGODB_URI" in os.environ:
        mongo_client.drop_database(database.name)


@pytest.fixture
def clean_database(prepared_database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """The prepared database without documents: one for all tests, since each collection and each index is a file that the
    server holds open.
    """
    for name in prepared_database.list_collection_names():
        prepared_database[name].delete_many({})
    return prepared_database
