"""DB-1: every query has an index and every index a query, judged by the explain of the commands really sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from pymongo import MongoClient
from pymongo.monitoring import CommandListener, CommandStartedEvent

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
from reactory.adapters.mongo.schema import INDEXES, MongoSchema
from reactory.adapters.mongo.tasks import MongoTasks
from reactory.ports.dead_letters import DeadLetter
from reactory.ports.events import StoredEvent
from reactory.ports.executions import Execution, ExecutionQuery
from reactory.ports.schedules import Begin, Move, ScheduleQuery, StoredSchedule
from reactory.ports.statistics import Occurrence
from reactory.ports.store import (
    HistoryChunk,
    InboxEntry,
    Instance,
    InstanceQuery,
    OpenWait,
    Post,
    Push,
    Settle,
    StoredDefinition,
)
from reactory.ports.tasks import TaskQuery, WorkItem

Document = dict[str, Any]
EXPLAINABLE = ("find", "update", "delete", "aggregate", "count", "findAndModify")
NOW = time.time_ns() // 1_000_000


class Recorder(CommandListener):
    """Keeps the commands that can be explained, without what belongs to the connection."""

    def __init__(self) -> None:
        self.commands: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in EXPLAINABLE:
            apart = ("lsid", "txnNumber", "writeConcern", "maxTimeMS", "ordered")
            self.commands.append(
                {key: value for key, value in event.command.items() if key[0] != "$" and key not in apart}
            )

    def succeeded(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...


class Stores:
    """The adapters on a database with some hundred documents, and the commands that they send."""

    def __init__(self, client: MongoClient[Document], name: str, recorder: Recorder) -> None:
        self.database = client[name]
        self.instances = MongoInstances(self.database)
        self.definitions = MongoDefinitions(self.database)
        self.blobs = MongoBlobs(self.database)
        self.events = MongoEvents(self.database)
        self.tasks = MongoTasks(self.database)
        self.results = MongoResults(self.database)
        self.records = MongoRecords(self.database)
        self.errors = MongoErrorStatistics(self.database)
        self.durations = MongoDurations(self.database)
        self.dead_letters = MongoDeadLetters(self.database)
        self.schedules = MongoSchedules(self.database)
        self.executions = MongoExecutions(self.database)
        self.recorder = recorder
        self.instances.create([instance(number) for number in range(300)])
        self.instances.append_history([HistoryChunk(f"i{number:03d}", 0, ["{}"]) for number in range(100)])
        self.blobs.put({f"i{number:03d}/a": b"x" for number in range(100)})
        for number in range(20):
            self.definitions.put(definition(number))
        for number in range(100):
            self.events.put(event(number))
            self.records.put("default", "todo", f"t{number:02d}", "{}")
            self.results.put(f"r{number}", "{}", 60_000)
        self.events.mark_consumed("i000", {f"e{number}": number for number in range(100)}, NOW + 60_000)
        self.tasks.open([item(number) for number in range(100)])
        self.errors.note([occurrence(number) for number in range(100)])
        self.dead_letters.add([letter(number) for number in range(100)])
        self.durations.note("default", "acme.W1", "charge", [1, 2])
        for number in range(100):
            self.schedules.create(schedule(number))
        self.executions.claim([execution(number) for number in range(100)])
        recorder.commands.clear()


def instance(number: int) -> Instance:
    return Instance(
        id=f"i{number:03d}",
        workflow_id=f"acme.W{number % 3}",
        version="1.0.0",
        fingerprint="f",
        status=("RUNNING", "COMPLETED", "FAILED")[number % 3],
        reason={"code": ("dead_lettered", "terminated")[number % 2]} if number % 3 == 2 else None,
        completed_at=NOW + number if number % 3 else None,
        tags=["eu"] if number % 2 else [],
        parent="i000" if number % 10 == 9 else None,
        correlation_id=f"c{number}" if number % 5 == 0 else None,
        created_at=NOW + number,
        updated_at=NOW,
        wake_at=NOW - number if number % 3 == 0 else None,
        waits=[OpenWait(f"w{number}", "event", "wait", "paid", key_of(number), NOW)] if number % 2 else [],
    )


def key_of(number: int) -> str | None:
    """Of every other instance that waits: the key "1" or "2", or none."""
    return (None, "1", "2")[number % 3]


def definition(number: int) -> StoredDefinition:
    return StoredDefinition(
        workflow_id=f"acme.W{number}",
        version="1.0.0",
        fingerprint="f",
        document="{}",
        name_space="acme",
        name="W",
        created_at=NOW,
    )


def event(number: int) -> StoredEvent:
    return StoredEvent(
        id=f"e{number:03d}",
        name="paid" if number % 2 else "sent",
        key=f"{number % 3}",
        time=NOW + number,
        created_at=NOW,
        due_at=NOW - number if number % 5 == 0 else None,
        expires_at=NOW + 600_000,
    )


def item(number: int) -> WorkItem:
    return WorkItem(
        id=f"t{number:03d}",
        kind="user" if number % 2 else "activity",
        name="approve" if number % 2 else "bill",
        instance_id=f"i{number % 20:03d}",
        workflow_id="acme.W1",
        path="p",
        priority=number % 4 + 1,
        assignee=("ann", None, "bob")[number % 3],
        created_at=NOW + number,
    )


def occurrence(number: int) -> Occurrence:
    return Occurrence(
        tenant="default",
        workflow_id=f"acme.W{number % 3}",
        step_id=f"s{number % 10}",
        category="network",
        severity="low",
        type="E",
        code="e",
        message="no",
        instance_id="i000",
        attempt=1,
        at=NOW + number * 600_000,
    )


def letter(number: int) -> DeadLetter:
    queue = "triggers" if number % 2 else "events"
    return DeadLetter(id=f"m{number:03d}", queue=queue, body="{}", died_at=NOW + number)


def schedule(number: int) -> StoredSchedule:
    due_at = NOW + number * 1000 if number % 2 else None
    return StoredSchedule(
        id=f"s{number:03d}",
        name="S",
        workflow_id=f"acme.W{number % 3}",
        name_space=f"ns{number % 4}",
        workflow_name="W",
        document="{}",
        fingerprint="f",
        source="api" if number % 5 else "module:acme.reports",
        next_at=due_at,
        due_at=due_at,
        revision=1,
        created_at=NOW,
        updated_at=NOW,
    )


def execution(number: int) -> Execution:
    return Execution(
        id=f"default/s{number % 5:03d}/{NOW + number}",
        schedule_id=f"s{number % 5:03d}",
        slot=NOW + number,
        fire_at=NOW + number,
        status="queued" if number % 3 == 0 else "claimed",
        attention_at=NOW + number if number % 2 else None,
        created_at=NOW,
        expires_at=NOW + 600_000,
    )


@pytest.fixture
def stores(mongo_uri: str, clean_database: Any) -> Iterator[Stores]:
    recorder = Recorder()
    client: MongoClient[Document] = MongoClient(
        mongo_uri, event_listeners=[recorder], datetime_conversion="DATETIME_MS", w="majority", journal=True
    )
    with client:
        yield Stores(client, clean_database.name, recorder)


SETTLE = Settle(
    instance_id="i000",
    epoch=9,
    owner="w",
    state="{}",
    status="RUNNING",
    reason=None,
    started_at=None,
    completed_at=None,
    updated_at=NOW,
    wake_at=None,
    timer_at=None,
    waits=[],
    outbox=[],
    history=[],
)
QUERIES = [
    InstanceQuery(),
    InstanceQuery(sort="createdAt"),
    InstanceQuery(created_after=NOW, created_before=NOW + 100),
    InstanceQuery(status=("RUNNING",)),
    InstanceQuery(status=("RUNNING", "FAILED")),
    InstanceQuery(workflow_id="acme.W1", version="1.0.0"),
    InstanceQuery(workflow_id="acme.W1", status=("COMPLETED",)),
    InstanceQuery(status=("FAILED",), reason=("dead_lettered",)),
    InstanceQuery(status=("FAILED",), reason=("dead_lettered", "manual_intervention"), completed_after=NOW),
    InstanceQuery(tag="eu"),
    InstanceQuery(parent="i000"),
    InstanceQuery(search="c1"),
]
PLACE = (NOW + 10, "e010")
TASKS = [
    TaskQuery(),
    TaskQuery(kind="user", name="approve"),
    TaskQuery(workflow_id="acme.W1"),
    TaskQuery(assignee="ann"),
    TaskQuery(kind="user", assignee="bob"),
    TaskQuery(instance_id="i007"),
]
USES: dict[str, Callable[[Stores], object]] = {
    "create": lambda stores: stores.instances.create([instance(0)]),
    "get": lambda stores: stores.instances.get("i000"),
    "claim one": lambda stores: stores.instances.claim(["i000"], "w", 1000, 0),
    "claim many": lambda stores: stores.instances.claim(["i000", "i003"], "w", 1000, 0),
    "push": lambda stores: stores.instances.push([Push("i000", 9, "w", 0, ["{}"])]),
    "absorb": lambda stores: stores.instances.absorb(Push("i000", 9, "w", 0, ["{}"])),
    "settle": lambda stores: stores.instances.settle([SETTLE]),
    "told": lambda stores: stores.instances.told("w", {"i000": ["o"], "i001": ["o"]}),
    "renew": lambda stores: stores.instances.renew(["i000", "i001"], "w", 1000),
    "mail": lambda stores: stores.instances.mail(["i000", "i001"]),
    "ending": lambda stores: stores.instances.ending(60_000, 10),
    "send": lambda stores: stores.instances.send("i000", InboxEntry("e", "x"), ["PAUSED"]),
    "post": lambda stores: stores.instances.post([Post("i001", InboxEntry("p", "x"), ("w1", "w0"))]),
    "post twice": lambda stores: stores.instances.post([Post("i000", InboxEntry("p", "x"), ("w0",))]),
    "waiting": lambda stores: stores.instances.waiting("default", "paid", "1", NOW, 10),
    "waiting page": lambda stores: stores.instances.waiting("default", "paid", "1", NOW, 10, "i100"),
    "signal": lambda stores: stores.instances.waiting("default", "paid", "@i001", NOW, 10),
    "due": lambda stores: stores.instances.due(1000, 10),
    "due page": lambda stores: stores.instances.due(1000, 10, (NOW - 100, "i000")),
    "leased": lambda stores: stores.instances.leased(["i000", "i001"]),
    "count": lambda stores: stores.instances.count_by_status("default"),
    "history": lambda stores: stores.instances.history("i000", -1, 10),
    "definition": lambda stores: stores.definitions.get("default", "acme.W1", "1.0.0"),
    "definition twice": lambda stores: stores.definitions.put(definition(1)),
    "versions": lambda stores: stores.definitions.versions("default", "acme.W1"),
    "definitions": lambda stores: stores.definitions.list("default", "acme", "tag", "search"),
    "delete version": lambda stores: stores.definitions.delete("default", "acme.W1", "1.0.0"),
    "delete definition": lambda stores: stores.definitions.delete("default", "acme.W1", None),
    "blobs": lambda stores: stores.blobs.get(["i000/a", "i001/a"]),
    "delete blobs": lambda stores: stores.blobs.delete_prefix("i000/"),
    "event twice": lambda stores: stores.events.put(event(1)),
    "event": lambda stores: stores.events.get("e001"),
    "delivered": lambda stores: stores.events.delivered("e000"),
    "due events": lambda stores: stores.events.due(1000, 10),
    "due events page": lambda stores: stores.events.due(1000, 10, (NOW - 100, "e000")),
    "earlier events": lambda stores: stores.events.find("default", "paid", ["1", "2"], 0, NOW + 100, 5),
    "earlier events of any key": lambda stores: stores.events.find("default", "paid", None, 0, NOW + 100, 5),
    "earlier events page": lambda stores: stores.events.find("default", "paid", ["1"], 0, NOW + 100, 5, PLACE),
    "mark consumed": lambda stores: stores.events.mark_consumed("i000", {"e001": 1, "e002": 2}, NOW),
    "consumed": lambda stores: stores.events.consumed("i000", ["e003", "e004"]),
    "assign task": lambda stores: stores.tasks.assign("t001", "ann"),
    "close tasks": lambda stores: stores.tasks.close(["t001", "t002"]),
    "task": lambda stores: stores.tasks.get("t001"),
    "take": lambda stores: stores.tasks.take("default", "bill", "w", 1000, 2),
    "extend": lambda stores: stores.tasks.extend("t001", 1, 1000),
    "result": lambda stores: stores.results.get(["r1", "r2"]),
    "result twice": lambda stores: stores.results.put("r1", "{}", 1000),
    "record": lambda stores: stores.records.get("default", "todo", "t01"),
    "record twice": lambda stores: stores.records.put("default", "todo", "t01", "{}"),
    "delete record": lambda stores: stores.records.delete("default", "todo", "t01"),
    "records": lambda stores: stores.records.list("default", "todo", "t1", 5),
    "records page": lambda stores: stores.records.list("default", "todo", "t1", 5, "t12"),
    "error": lambda stores: stores.errors.note([occurrence(1)]),
    "error counts": lambda stores: stores.errors.counts("default", None, 5),
    "error counts page": lambda stores: stores.errors.counts("default", None, 5, "acme.W1/s4/network"),
    "error counts of a workflow": lambda stores: stores.errors.counts("default", "acme.W1", 5),
    "error series": lambda stores: stores.errors.series("default", None, NOW, NOW + 3_600_000),
    "error series of a workflow": lambda stores: stores.errors.series("default", "acme.W1", NOW, NOW + 3_600_000),
    "clear errors": lambda stores: stores.errors.clear("default", "acme.W1"),
    "duration": lambda stores: stores.durations.note("default", "acme.W1", "charge", [3]),
    "durations": lambda stores: stores.durations.recent("default", "acme.W1", "charge"),
    "dead letter twice": lambda stores: stores.dead_letters.add([letter(1)]),
    "dead letter": lambda stores: stores.dead_letters.get("m001"),
    "redriven": lambda stores: stores.dead_letters.redriven("m001", "", "", NOW),
    "delete dead letter": lambda stores: stores.dead_letters.delete("m001"),
    "count dead letters": lambda stores: stores.dead_letters.count("default"),
    "dead letters": lambda stores: stores.dead_letters.list("default", None, "dead", 5),
    "dead letters of both states": lambda stores: stores.dead_letters.list("default", None, None, 5),
    "dead letters page": lambda stores: stores.dead_letters.list("default", None, "dead", 5, "m050"),
    "dead letters of a queue": lambda stores: stores.dead_letters.list("default", "events", None, 5, "m050"),
}
SCHEDULES = [
    ScheduleQuery(),
    ScheduleQuery(workflow_id="acme.W1"),
    ScheduleQuery(name_space="ns1", workflow_name="W", version=""),
    ScheduleQuery(enabled=True),
    ScheduleQuery(source="module:acme.reports"),
]
MOVE = Move(
    tenant="default",
    id="s001",
    revision=1,
    from_next=NOW + 1000,
    from_backlog=None,
    next_at=NOW,
    backlog_after=None,
    backlog_until=None,
    due_at=NOW,
)
BEGIN = Begin(key="1.0", execution_id="e", limit=1, now=NOW, delay=0, day=1)
ID = execution(1).id
USES |= {
    "schedule": lambda stores: stores.schedules.get("default", "s001"),
    "replace": lambda stores: stores.schedules.replace(schedule(1), 1),
    "delete schedule": lambda stores: stores.schedules.delete("default", "s001"),
    "due schedules": lambda stores: stores.schedules.due(NOW + 9000, 10),
    "due schedules page": lambda stores: stores.schedules.due(NOW + 90_000, 10, (NOW + 3000, "default", "s003")),
    "advance": lambda stores: stores.schedules.advance([MOVE]),
    "begin": lambda stores: stores.schedules.begin("default", "s001", BEGIN),
    "conclude": lambda stores: stores.schedules.conclude("default", "s001", "1.0", "failed"),
    "totals": lambda stores: stores.schedules.totals("default", 1),
    "execution": lambda stores: stores.executions.get(ID),
    "known executions": lambda stores: stores.executions.known([ID]),
    "update execution": lambda stores: stores.executions.update(replace(execution(1), version=1)),
    "due executions": lambda stores: stores.executions.due(NOW + 50, 10),
    "due executions page": lambda stores: stores.executions.due(NOW + 50, 10, (NOW + 3, ID)),
    "queued": lambda stores: stores.executions.queued("default", "s001", 10),
    "queued but of one kind": lambda stores: stores.executions.queued("default", "s001", 10, without="backfill"),
    "soonest": lambda stores: stores.executions.soonest("default", NOW, NOW + 50),
    "executions": lambda stores: stores.executions.list(ExecutionQuery(schedule_id="s001")),
}
LISTS = {f"list {number}": query for number, query in enumerate(QUERIES)}


def plans(stores: Stores) -> list[Document]:
    """The winning plan of each recorded command, in the state that the command has left."""
    commands = [command for command in stores.recorder.commands if "explain" not in command]
    assert commands
    return [
        stores.database.command({"explain": part, "verbosity": "queryPlanner"})
        for command in commands
        for part in single(command)
    ]


def single(command: Document) -> Iterator[Document]:
    """Of an update or delete with many statements, each: explain takes one."""
    many = {"update": "updates", "delete": "deletes"}.get(next(iter(command)))
    if many is None:
        yield command
        return
    for statement in command[many]:
        yield {**command, many: [statement]}


def collection_of(plan: Document) -> str:
    """The explained command's collection: the value of its first field."""
    return str(next(iter(plan["command"].values())))


def found(plan: Any, key: str) -> Iterator[Any]:
    """Every value of this key in a plan that was chosen."""
    if isinstance(plan, dict):
        for name, value in plan.items():
            if name == key:
                yield value
            if name != "rejectedPlans":
                yield from found(value, key)
    elif isinstance(plan, list):
        for value in plan:
            yield from found(value, key)


@pytest.mark.parametrize("use", USES)
def test_no_query_scans_a_collection(stores: Stores, use: str) -> None:
    """DB-1: each query of each operation goes by an index."""
    USES[use](stores)
    for plan in plans(stores):
        stages = list(found(plan, "stage"))
        assert stages
        assert "COLLSCAN" not in stages


@pytest.mark.parametrize("name", LISTS)
def test_no_list_scans_a_collection(stores: Stores, name: str) -> None:
    """DB-1: each filter of a list goes by an index, on the first page and on the next."""
    query = LISTS[name]
    first = stores.instances.list(InstanceQuery(**{**dict(items(query)), "limit": 2}))
    assert first.next_cursor
    stores.instances.list(InstanceQuery(**{**dict(items(query)), "cursor": first.next_cursor}))
    for plan in plans(stores):
        assert "COLLSCAN" not in list(found(plan, "stage"))


def items(query: InstanceQuery) -> Iterator[tuple[str, Any]]:
    return ((field, getattr(query, field)) for field in InstanceQuery.__struct_fields__)


@pytest.mark.parametrize("query", TASKS)
def test_no_list_of_tasks_scans_a_collection(stores: Stores, query: TaskQuery) -> None:
    """DB-1: the open items are found by an index, on the first page and on the next."""
    first = stores.tasks.list(replace(query, limit=2))
    assert first.next_cursor
    stores.tasks.list(replace(query, cursor=first.next_cursor))
    for plan in plans(stores):
        assert "COLLSCAN" not in list(found(plan, "stage"))


@pytest.mark.parametrize("query", SCHEDULES)
def test_no_list_of_schedules_scans_a_collection(stores: Stores, query: ScheduleQuery) -> None:
    """DB-1, SC-15: each filter goes by an index that gives the order too, on the first page and on the next."""
    first = stores.schedules.list(replace(query, limit=2))
    assert first.next_cursor
    stores.schedules.list(replace(query, cursor=first.next_cursor))
    for plan in plans(stores):
        stages = list(found(plan, "stage"))
        assert "COLLSCAN" not in stages
        assert "SORT" not in stages


def test_a_tick_reads_what_is_due_and_not_what_exists(stores: Stores) -> None:
    """SC-6, DB-1: of a hundred schedules and executions a tick looks at those that are due, and at no other."""
    assert [one.id for one in stores.schedules.due(NOW + 2000, 100)] == ["s001"]
    assert len(stores.executions.due(NOW + 4, 100)) == 2
    for command, expected in zip(stores.recorder.commands, (1, 2), strict=True):
        stats = stores.database.command({"explain": command, "verbosity": "executionStats"})["executionStats"]
        assert (stats["totalKeysExamined"], stats["totalDocsExamined"]) == (expected, expected)


@pytest.mark.parametrize(
    "use",
    [
        *("take", "earlier events", "earlier events of any key", "earlier events page", "due events", "records"),
        *("error counts", "error counts page", "dead letters", "dead letters of both states", "dead letters page"),
        "dead letters of a queue",
        *("due schedules", "due executions", "queued", "executions", "soonest"),
        "queued but of one kind",
    ],
)
def test_what_is_asked_for_in_order_is_not_sorted_in_memory(stores: Stores, use: str) -> None:
    """DB-1: the index gives the order too, so an answer costs what it holds and not what matches."""
    USES[use](stores)
    assert "SORT" not in [stage for plan in plans(stores) for stage in found(plan, "stage")]


@pytest.mark.parametrize("query", [query for query in QUERIES if not (query.search or query.parent)])
def test_a_page_of_a_list_is_not_sorted_in_memory(stores: Stores, query: InstanceQuery) -> None:
    """DB-1: the index gives the order too, so a page costs what it shows and not what matches."""
    stores.instances.list(query)
    assert "SORT" not in [stage for plan in plans(stores) for stage in found(plan, "stage")]


def test_a_sweep_reads_what_is_due_and_not_what_exists(stores: Stores) -> None:
    """DB-1: the index of wakeAt holds only what has to wake up, and due looks at no other document."""
    stores.database["instances"].update_many({}, {"$unset": {"wakeAt": ""}})
    stores.database["instances"].update_one({"_id": "i001"}, {"$currentDate": {"wakeAt": True}})
    stores.recorder.commands.clear()
    assert [one[0] for one in stores.instances.due(1000, 10)] == ["i001"]
    (command,) = stores.recorder.commands
    stats = stores.database.command({"explain": command, "verbosity": "executionStats"})["executionStats"]
    assert (stats["totalKeysExamined"], stats["totalDocsExamined"]) == (1, 1)


@pytest.mark.parametrize("after", [None, "i100"])
def test_who_waits_is_read_in_order_and_nobody_else(stores: Stores, after: str | None) -> None:
    """DB-1: a page of those who wait for an event costs what it answers, not who waits or what exists."""
    page = stores.instances.waiting("default", "paid", "1", NOW, 10, after)
    assert len(page) == 10
    (command,) = stores.recorder.commands
    explained = stores.database.command({"explain": command, "verbosity": "executionStats"})
    assert "SORT" not in list(found(explained, "stage"))
    stats = explained["executionStats"]
    assert stats["totalDocsExamined"] <= 12
    assert stats["totalKeysExamined"] <= 24


def test_counting_reads_the_index_alone(stores: Stores) -> None:
    """DB-1: statistics do not fetch documents."""
    stores.instances.count_by_status("default")
    (plan,) = plans(stores)
    assert "FETCH" not in list(found(plan, "stage"))


@pytest.mark.parametrize(
    "collection", ["events", "consumed", "results", "tasks", "error_hours", "dead_letters", "executions"]
)
def test_what_has_a_time_to_live_is_deleted_by_the_database(stores: Stores, collection: str) -> None:
    """WH-9, CA-3, EH-13: events, marks, results, closed tasks, hours of errors and dead letters go by themselves at the date that each of them names."""
    stores.tasks.close(["t001"])
    ending = [
        one["expireAfterSeconds"]
        for one in stores.database[collection].list_indexes()
        if list(one["key"]) == ["expiresAt"]
    ]
    assert ending == [0]
    assert stores.database[collection].count_documents({"expiresAt": {"$type": "date"}}) > 0


def test_an_open_task_has_no_time_to_live(stores: Stores) -> None:
    """WH-5: an item of which nobody takes notice waits as long as its instance does; a closed one is kept for a week."""
    stores.tasks.close(["t001"])
    (closed,) = stores.database["tasks"].find({"expiresAt": {"$exists": True}})
    assert closed["_id"] == "t001"
    assert abs(int(closed["expiresAt"]) - NOW - 7 * 24 * 3_600_000) < 3_600_000


def test_every_index_has_a_query(stores: Stores) -> None:
    """DB-1: there is no index that no operation uses."""
    for use in USES.values():
        use(stores)
    for query in QUERIES:
        stores.instances.list(query)
    for schedules in SCHEDULES:
        stores.schedules.list(schedules)
    for tasks in TASKS:
        stores.tasks.list(tasks)
    used = {(collection_of(plan), name) for plan in plans(stores) for name in found(plan, "indexName")}
    declared = {
        (collection, index.document["name"])
        for collection, indexes in INDEXES.items()
        for index in indexes
        if "expireAfterSeconds" not in index.document  # MongoDB itself deletes by it
    }
    assert declared - used == set()


def test_the_schema_can_be_ensured_again(stores: Stores) -> None:
    """DB-1: a second deployment changes nothing and breaks nothing."""
    before = {name: stores.database[name].index_information() for name in INDEXES}
    MongoSchema(stores.database).ensure()
    assert {name: stores.database[name].index_information() for name in INDEXES} == before
