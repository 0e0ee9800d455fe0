"""The errors of MongoDB and of the way to it, injected by the server's ``failCommand``, as the engine sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec
import pymongo
import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import AutoReconnect, NotPrimaryError, PyMongoError

from reactory.adapters.mongo.blobs import MongoBlobs
from reactory.adapters.mongo.client import connect
from reactory.adapters.mongo.definitions import MongoDefinitions
from reactory.adapters.mongo.events import MongoEvents
from reactory.adapters.mongo.instances import MongoInstances
from reactory.adapters.mongo.records import MongoRecords
from reactory.adapters.mongo.results import MongoResults
from reactory.adapters.mongo.schema import MongoSchema
from reactory.adapters.mongo.tasks import MongoTasks
from reactory.exceptions import AmbiguousWriteError, PayloadTooLargeError, StoreUnavailableError
from reactory.local.ports import free_port
from reactory.ports.events import StoredEvent
from reactory.ports.store import (
    HistoryChunk,
    InboxEntry,
    Instance,
    InstanceQuery,
    OpenWait,
    OutboxEntry,
    Post,
    Push,
    Settle,
    StoredDefinition,
)
from reactory.ports.tasks import TaskQuery, WorkItem

Document = dict[str, Any]
Fail = Callable[..., AbstractContextManager[None]]
MINUTE = 60_000
NOT_PRIMARY = 10107
STEPPED_DOWN = 189


@pytest.fixture
def store(mongo_uri: str, empty_database: Database[Document]) -> Iterator[MongoInstances]:
    """A client without ``timeoutMS``: it retries once, where that of the engine goes on for five seconds."""
    MongoSchema(empty_database).ensure()
    client: MongoClient[Document] = MongoClient(
        mongo_uri, w="majority", journal=True, datetime_conversion="DATETIME_MS", serverSelectionTimeoutMS=4000
    )
    with client:
        yield MongoInstances(client[empty_database.name])


@pytest.fixture
def fail(mongo_client: MongoClient[Document]) -> Fail:
    """Let the next ``times`` commands of these names fail; None: until the end of the block; or as ``mode`` says."""
    if mongo_client.admin.command("getCmdLineOpts")["parsed"].get("setParameter", {}).get("enableTestCommands") != "1":
        pytest.skip("the server at MONGODB_URI takes no failCommand")

    @contextmanager
    def failing(*commands: str, times: int | None = None, mode: Document | None = None, **data: Any) -> Iterator[None]:
        mode = mode or ({"times": times} if times else None)
        mongo_client.admin.command(
            {
                "configureFailPoint": "failCommand",
                "mode": mode or "alwaysOn",
                "data": {"failCommands": list(commands), **data},
            }
        )
        try:
            yield
        finally:
            mongo_client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

    return failing


def claimed(store: MongoInstances) -> Instance:
    store.create([instance()])
    (mine,) = store.claim(["one"], "w1", MINUTE, 0)
    return mine


def instance(instance_id: str = "one") -> Instance:
    return Instance(
        id=instance_id,
        workflow_id="acme.Order",
        version="1.0.0",
        fingerprint="f",
        status="RUNNING",
        created_at=1,
        updated_at=1,
        wake_at=1,
        waits=[OpenWait("w", "event", "wait", "paid")],
    )


def push(*facts: str, count: int = 0, instance_id: str = "one") -> Push:
    return Push(instance_id, 1, "w1", count, list(facts))


def settle(*, keep_lease: bool = False) -> Settle:
    return Settle(
        instance_id="one",
        epoch=1,
        owner="w1",
        state="{}",
        status="RUNNING",
        reason=None,
        started_at=None,
        completed_at=None,
        updated_at=1,
        wake_at=None,
        timer_at=None,
        waits=[],
        outbox=[OutboxEntry("o1", "status", "{}")],
        history=["{}"],
        keep_lease=keep_lease,
    )


DEFINITION = StoredDefinition(
    workflow_id="acme.Order",
    version="1.0.0",
    fingerprint="f",
    document="{}",
    name_space="acme",
    name="Order",
    created_at=1,
)
EVENT = StoredEvent(id="e", name="paid", time=1, created_at=1, expires_at=253_402_300_799_999)
TASK = WorkItem(
    id="t", kind="activity", name="bill", instance_id="one", workflow_id="acme.Order", path="bill", created_at=1
)
WRITES: dict[str, Callable[[MongoInstances], object]] = {
    "create": lambda store: store.create([instance("two")]),
    "claim": lambda store: store.claim(["two"], "w", MINUTE, 0),
    "claim many": lambda store: store.claim(["two", "three"], "w", MINUTE, 0),
    "push": lambda store: store.push([push("a")]),
    "absorb": lambda store: store.absorb(push("a")),
    "settle": lambda store: store.settle([settle()]),
    "told": lambda store: store.told("w1", {"one": ["o"]}),
    "renew": lambda store: store.renew(["one"], "w1", MINUTE),
    "send": lambda store: store.send("one", InboxEntry("e", "x")),
    "post": lambda store: store.post([Post("one", InboxEntry("e", "x"), ("w",))]),
    "append_history": lambda store: store.append_history([HistoryChunk("one", 0, ["{}"])]),
    "definition": lambda store: MongoDefinitions(store._database).put(DEFINITION),
    "delete": lambda store: MongoDefinitions(store._database).delete("default", "acme.Order", None),
    "blobs": lambda store: MongoBlobs(store._database).put({"one/a": b"x"}),
    "delete blobs": lambda store: MongoBlobs(store._database).delete_prefix("one/"),
    "event": lambda store: MongoEvents(store._database).put(EVENT),
    "delivered": lambda store: MongoEvents(store._database).delivered("e"),
    "mark consumed": lambda store: MongoEvents(store._database).mark_consumed("one", {"e": 1}, 1),
    "open tasks": lambda store: MongoTasks(store._database).open([TASK]),
    "assign task": lambda store: MongoTasks(store._database).assign("t", "ann"),
    "close tasks": lambda store: MongoTasks(store._database).close(["t"]),
    "take": lambda store: MongoTasks(store._database).take("default", "bill", "w", MINUTE, 2),
    "extend": lambda store: MongoTasks(store._database).extend("t", 1, MINUTE),
    "result": lambda store: MongoResults(store._database).put("r", "{}", MINUTE),
    "record": lambda store: MongoRecords(store._database).put("default", "todo", "k", "{}"),
    "new record": lambda store: MongoRecords(store._database).put_new("default", "todo", "k", "{}"),
    "delete record": lambda store: MongoRecords(store._database).delete("default", "todo", "k"),
}
READS: dict[str, Callable[[MongoInstances], object]] = {
    "get": lambda store: store.get("one"),
    "list": lambda store: store.list(InstanceQuery()),
    "count": lambda store: store.count_by_status("default"),
    "waiting": lambda store: store.waiting("default", "paid", "k", 1, 1),
    "due": lambda store: store.due(0, 1),
    "leased": lambda store: store.leased(["one"]),
    "history": lambda store: store.history("one", -1, 1),
    "ping": lambda store: store.ping(),
    "definition": lambda store: MongoDefinitions(store._database).get("default", "acme.Order", "1.0.0"),
    "versions": lambda store: MongoDefinitions(store._database).versions("default", "acme.Order"),
    "definitions": lambda store: MongoDefinitions(store._database).list("default"),
    "blobs": lambda store: MongoBlobs(store._database).get(["one/a"]),
    "event": lambda store: MongoEvents(store._database).get("e"),
    "due events": lambda store: MongoEvents(store._database).due(0, 1),
    "earlier events": lambda store: MongoEvents(store._database).find("default", "paid", None, 0, 1, 1),
    "consumed": lambda store: MongoEvents(store._database).consumed("one", ["e"]),
    "task": lambda store: MongoTasks(store._database).get("t"),
    "tasks": lambda store: MongoTasks(store._database).list(TaskQuery()),
    "results": lambda store: MongoResults(store._database).get(["r"]),
    "record": lambda store: MongoRecords(store._database).get("default", "todo", "k"),
    "records": lambda store: MongoRecords(store._database).list("default", "todo", "", 1),
}
WRITING = ("insert", "update", "delete", "findAndModify")
READING = ("find", "aggregate", "count", "hello", "ping", "getMore")


@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_connection_is_lost_for_good_is_ambiguous(store: MongoInstances, fail: Fail, name: str) -> None:
    """WH-1: a write that may have happened is reported as such, whatever the operation."""
    with fail(*WRITING, closeConnection=True), pytest.raises(AmbiguousWriteError):
        WRITES[name](store)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_a_server_refuses_did_not_happen(store: MongoInstances, fail: Fail, name: str) -> None:
    """WH-1: a command that is refused outright changed nothing, and the caller may try again."""
    unauthorized = 13
    with fail(*WRITING, errorCode=unauthorized), pytest.raises(StoreUnavailableError, match="MONGODB_URI"):
        WRITES[name](store)


@pytest.mark.parametrize("name", ["create", "push", "settle", "send", "absorb", "post"])
def test_a_majority_that_does_not_confirm_is_ambiguous(store: MongoInstances, fail: Fail, name: str) -> None:
    """WH-1: a write that is not known to be on the majority may be rolled back, or may stay."""
    claimed(store)
    error = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting for replication timed out"}
    with fail(*WRITING, writeConcernError=error), pytest.raises(AmbiguousWriteError):
        WRITES[name](store)


@pytest.mark.parametrize("name", READS)
def test_a_read_that_fails_changed_nothing(store: MongoInstances, fail: Fail, name: str) -> None:
    """OB-6: a read that gets no answer is StoreUnavailableError."""
    internal_error = 1
    with fail(*READING, errorCode=internal_error), pytest.raises(StoreUnavailableError):
        READS[name](store)


LOST = {"closeConnection": True}


@pytest.mark.parametrize("code", [NOT_PRIMARY, STEPPED_DOWN])
@pytest.mark.parametrize("name", ["create", "push", "absorb", "settle", "send", "post"])
def test_a_change_of_primary_is_survived(store: MongoInstances, fail: Fail, name: str, code: int) -> None:
    """WH-1: a primary that stepped down has answered, so the write is sent again, to the next one."""
    claimed(store)
    with fail(*WRITING, times=1, errorCode=code, errorLabels=["RetryableWriteError"]):
        assert WRITES[name](store) not in (["lost"], None, set())


@pytest.mark.parametrize("name", ["create", "absorb", "send"])
def test_a_lost_connection_is_survived(store: MongoInstances, fail: Fail, name: str) -> None:
    """WH-1: where the server keeps account of the retry, a lost connection is not noticed."""
    claimed(store)
    with fail(*WRITING, times=1, **LOST):
        assert WRITES[name](store) is not None


@pytest.mark.parametrize("name", ["push", "settle", "post"])
def test_a_fenced_write_without_an_answer_is_not_sent_again(store: MongoInstances, fail: Fail, name: str) -> None:
    """WH-1: it may still be under way, and could come after what the owner does next: the pass has to end. So may a
    post, and after its wait was opened anew.
    """
    claimed(store)
    before = store.get("one")
    with fail(*WRITING, times=1, **LOST), pytest.raises(AmbiguousWriteError):
        WRITES[name](store)
    assert store.get("one") == before


@contextmanager
def answer_lost(
    store: MongoInstances, monkeypatch: pytest.MonkeyPatch, error: PyMongoError | None = None
) -> Iterator[list[int]]:
    """The server does the update, and its answer does not arrive, or another one does; once."""
    done: list[int] = []
    database = store._instances.database
    send = type(database).command

    def command(self: Any, command: Any, *args: Any, **options: Any) -> Any:
        reply = send(self, command, *args, **options)
        if isinstance(command, dict) and "update" in command:
            done.append(reply["n"])
            if len(done) == 1:
                raise error or AutoReconnect("connection closed")
        return reply

    with monkeypatch.context() as patch:
        patch.setattr(type(database), "command", command)
        yield done


def test_a_push_whose_answer_was_lost_is_written_once(store: MongoInstances, monkeypatch: pytest.MonkeyPatch) -> None:
    """WH-1: the push happened, its answer was lost, it is found in the document: the owner goes on."""
    claimed(store)
    with answer_lost(store, monkeypatch) as done:
        assert store.push([push("a")]) == ["ok"]
    assert done == [1]
    after = store.get("one")
    assert after is not None
    assert (after.journal, after.journal_count) == (["a"], 1)


@pytest.mark.parametrize("keep_lease", [False, True])
def test_a_settle_whose_answer_was_lost_is_written_once(
    store: MongoInstances, monkeypatch: pytest.MonkeyPatch, keep_lease: bool
) -> None:
    """WH-1: the same for a settle, which appends to the outbox and the history."""
    claimed(store)
    with answer_lost(store, monkeypatch):
        assert store.settle([settle(keep_lease=keep_lease)]) == ["ok"]
    after = store.get("one")
    assert after is not None
    assert (len(after.outbox), after.history_count) == (1, 1)


@pytest.mark.parametrize("keep_lease", [False, True])
def test_a_settle_that_was_interrupted_by_a_step_down_happens_once(
    store: MongoInstances, monkeypatch: pytest.MonkeyPatch, keep_lease: bool
) -> None:
    """WH-1: the first had been applied when the primary stepped down, and the second finds it so."""
    claimed(store)
    with answer_lost(store, monkeypatch, NotPrimaryError("stepped down", {"code": STEPPED_DOWN})) as done:
        assert store.settle([settle(keep_lease=keep_lease)]) == ["ok"]
    assert done == [1, 0]
    after = store.get("one")
    assert after is not None
    assert (len(after.outbox), after.history_count) == (1, 1)


def test_an_instance_over_the_limit_does_not_stop_the_batch(store: MongoInstances) -> None:
    """WR-15: of a batch, only the document that would exceed MongoDB's 16 MB is not written."""
    store.create([instance(), instance("two")])
    store.claim(["one", "two"], "w1", MINUTE, 0)
    large = "x" * 9_000_000
    assert store.push([push(large), push("b", instance_id="two")]) == ["ok", "ok"]
    assert store.push([push(large, count=1), push("c", count=1, instance_id="two")]) == ["too_large", "ok"]
    with pytest.raises(PayloadTooLargeError):
        store.absorb(push(large, count=1))


def test_a_post_that_cannot_be_judged_is_ambiguous(store: MongoInstances, fail: Fail) -> None:
    """WH-11: fewer were reached than were meant, and which cannot be read: the event stays due and comes again."""
    claimed(store)
    batch = [Post("one", InboxEntry("e", "x"), ("w",)), Post("one", InboxEntry("f", "x"), ("closed",))]
    with fail("find", errorCode=1), pytest.raises(AmbiguousWriteError):
        store.post(batch)
    assert store.post(batch[:1]) == {"one"}


def test_a_part_of_a_batch_that_was_posted_is_ambiguous(store: MongoInstances, fail: Fail) -> None:
    """WH-11: StoreUnavailableError would say that nothing happened."""
    names = [f"i{number:03d}" for number in range(501)]
    store.create([instance(name) for name in names])
    batch = [Post(name, InboxEntry("e", "x"), ("w",)) for name in names]
    with fail("update", errorCode=13), pytest.raises(StoreUnavailableError):
        store.post(batch)
    with fail("update", mode={"skip": 1}, errorCode=13), pytest.raises(AmbiguousWriteError):
        store.post(batch)
    assert len(store.mail(names)) == 500


@pytest.mark.parametrize("failure", [{"errorCode": 13}, {"closeConnection": True}])
def test_items_that_were_taken_are_answered(store: MongoInstances, fail: Fail, failure: Document) -> None:
    """WH-3: when the database fails in between, a worker gets what it has taken: nobody else can until the lease is over."""
    tasks = MongoTasks(store._database)
    tasks.open([TASK, msgspec.structs.replace(TASK, id="u")])
    with fail("findAndModify", mode={"skip": 1}, **failure):
        assert [item.id for item in tasks.take("default", "bill", "w", MINUTE, 2)] == ["t"]
    assert [item.id for item in tasks.take("default", "bill", "w", MINUTE, 2)] == ["u"]


def test_no_room_for_a_post_does_not_stop_the_batch(store: MongoInstances) -> None:
    """WR-15: of a batch, only the instance whose document would exceed MongoDB's 16 MB gets nothing."""
    store.create([instance(), instance("two")])
    large = "x" * 9_000_000
    assert store.post([Post("one", InboxEntry("e", large), ("w",))]) == {"one"}
    again = [Post(name, InboxEntry("f", text), ("w",)) for name, text in (("one", large), ("two", "x"))]
    assert store.post(again) == {"two"}


def test_no_server_is_told_with_a_cure() -> None:
    """OB-6: without a server nothing happened, and the message says what to look at."""
    with connect(f"mongodb://127.0.0.1:{free_port()}") as client, pymongo.timeout(0.1):
        store = MongoInstances(client["nowhere"])
        with pytest.raises(StoreUnavailableError, match="MONGODB_URI"):
            store.get("one")
        with pytest.raises(StoreUnavailableError, match="MONGODB_URI"):
            store.push([push("a")])


@pytest.mark.parametrize(
    "uri", ["postgres://localhost", "mongodb://", "mongodb://h:port", "mongodb://h1,h2/?directConnection=true", ""]
)
def test_a_wrong_uri_is_told_with_a_cure(uri: str) -> None:
    """OB-6: a URI that cannot be read is named as the cause."""
    with pytest.raises(StoreUnavailableError, match="MONGODB_URI"):
        connect(uri)
