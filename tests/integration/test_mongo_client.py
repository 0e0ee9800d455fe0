"""DB-2: one pooled client per process, with the guarantees that the engine stands on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.read_preferences import ReadPreference

from reactory.adapters.mongo.client import POOL_SIZE, connect
from reactory.adapters.mongo.instances import MongoInstances

Document = dict[str, Any]


def test_the_client_is_made_once() -> None:
    """DB-2: the same URI gives the same client, in every invocation and in threads that ask at once."""
    uri = "mongodb://127.0.0.1:9/?appname=once"
    with ThreadPoolExecutor(8) as pool:
        clients = {id(client) for client in pool.map(lambda _: connect(uri), range(32))}
    with connect(uri) as client:
        assert clients == {id(client)}


def test_connections_stay_within_the_pool(empty_database: Database[Document]) -> None:
    """DB-2: however many threads ask, one process holds at most POOL_SIZE connections for them."""
    store = MongoInstances(empty_database)
    with ThreadPoolExecutor(3 * POOL_SIZE) as pool:
        list(pool.map(lambda number: store.get(str(number)), range(200)))
        found = list(
            empty_database.client.admin.aggregate([{"$currentOp": {"allUsers": True, "idleConnections": True}}])
        )
    mine = [one for one in found if one.get("appName") == "reactory" and "client" in one]
    monitors = 3  # the driver's own: monitoring, round-trip time, and one to spare
    assert 0 < len(mine) <= POOL_SIZE + monitors


def test_a_client_connects_late() -> None:
    """DB-2: making the client costs no round trip, so importing and wiring work without a server."""
    with connect("mongodb://127.0.0.1:9/?appname=nobody") as client:
        assert not client.nodes


def test_every_write_is_majority_and_journaled(mongo_client: MongoClient[Document]) -> None:
    """WH-1: durable means on the majority and in the journal; reads that feed writes go to the primary (DB-3)."""
    assert mongo_client.write_concern.document == {"w": "majority", "j": True}
    assert mongo_client.read_preference == ReadPreference.PRIMARY
    assert mongo_client.options.retry_writes
    assert mongo_client.options.timeout == 5.0


def test_a_uri_cannot_weaken_the_guarantees() -> None:
    """WH-1: options of the URI do not take durability away."""
    with connect("mongodb://127.0.0.1:9/?w=1&journal=false&readPreference=secondary&retryWrites=false") as client:
        assert client.write_concern.document == {"w": "majority", "j": True}
        assert client.read_preference == ReadPreference.PRIMARY
        assert client.options.retry_writes
