"""The runner over memory adapters with a clock of its own, its API handler, and a worker that runs when it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from functions.http.routing import Handler, make_handler
from functions.runner.api import ENDPOINTS
from reactory.adapters.memory.blobs import MemoryBlobs
from reactory.adapters.memory.breakers import MemoryBreakers
from reactory.adapters.memory.buckets import MemoryBuckets
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.dead_letters import MemoryDeadLetters
from reactory.adapters.memory.definitions import MemoryDefinitions
from reactory.adapters.memory.durations import MemoryDurations
from reactory.adapters.memory.error_statistics import MemoryErrorStatistics
from reactory.adapters.memory.events import MemoryEvents
from reactory.adapters.memory.executions import MemoryExecutions
from reactory.adapters.memory.instances import MemoryInstances
from reactory.adapters.memory.queue import MemoryQueue
from reactory.adapters.memory.records import MemoryRecords
from reactory.adapters.memory.results import MemoryResults
from reactory.adapters.memory.schedules import MemorySchedules
from reactory.adapters.memory.slots import MemorySlots
from reactory.adapters.memory.tasks import MemoryTasks
from reactory.host.definitions import Definitions
from reactory.host.services import Limits, Services
from reactory.host.wakeups import read_wakeup
from reactory.host.worker import WakeUp, Worker
from reactory.ports.blobs import Blobs
from reactory.ports.breakers import Breakers
from reactory.ports.buckets import Buckets
from reactory.ports.clock import Clock, Ids
from reactory.ports.dead_letters import DeadLetters
from reactory.ports.events import EventStore
from reactory.ports.executions import ExecutionLog
from reactory.ports.queue import Queue
from reactory.ports.records import Records
from reactory.ports.results import ResultCache
from reactory.ports.schedules import ScheduleStore
from reactory.ports.statistics import ErrorStatistics
from reactory.ports.store import DefinitionStore, InstanceStore
from reactory.ports.tasks import TaskStore
from reactory.runner.children import child_starter
from reactory.runner.rate_limiter import RateLimiter
from reactory.runner.runner import Runner
from reactory.settings import RateLimits, Settings
from reactory.steps.function import StepFunction
from reactory.steps.registry import StepRegistry
from reactory.topology import EVENTS, WAKEUPS


@dataclass(frozen=True)
class Ports:
    """What a runner needs; a test may put its own in the place of one."""

    settings: Settings
    clock: Clock
    ids: Ids
    instances: InstanceStore
    definitions: DefinitionStore
    blobs: Blobs
    queue: Queue
    events: EventStore
    tasks: TaskStore
    results: ResultCache
    records: Records
    errors: ErrorStatistics
    dead_letters: DeadLetters
    breakers: Breakers
    buckets: Buckets
    schedules: ScheduleStore
    executions: ExecutionLog


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


OFF = RateLimits(general=None, start=None)


class Lab:
    """Everything that has state is shared by all runners that ``runner`` makes."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings(aws="memory", rate_limits=OFF)
        self.clock = ManualClock()
        self.ids = SequentialIds()
        self.instances = MemoryInstances(self.clock)
        self.definitions = MemoryDefinitions()
        self.events = MemoryEvents(self.clock)
        self.tasks = MemoryTasks(self.clock)
        self.results = MemoryResults(self.clock)
        self.records = MemoryRecords()
        self.errors = MemoryErrorStatistics()
        self.durations = MemoryDurations()
        self.dead_letters = MemoryDeadLetters()
        self.schedules = MemorySchedules()
        self.executions = MemoryExecutions(self.clock)
        self.breakers, self.slots = MemoryBreakers(), MemorySlots()
        self.blobs = MemoryBlobs()
        self.queue = MemoryQueue(self.clock, self.ids)
        self.bus = MemoryBus()
        self.buckets = MemoryBuckets()
        self.limits = Limits()
        self.steps = StepRegistry()
        self.failing: set[str] = set()
        self.steps.add(StepFunction(self._work, "lab.work"))
        self.runner = self.make_runner()
        self.handler = make_handler("runner-api", ENDPOINTS, lambda: self.runner, self.limiter)
        self._worker: Worker | None = None
        self._requests = count(1)

    def handler_of(self, _method: str, _path: str) -> Handler:
        """Which function of the API answers; the runner's is the only one here."""
        return self.handler

    def _work(self, name: str) -> dict[str, str]:
        if name in self.failing:
            raise ValueError(f"{name} is broken")
        return {"done": name}

    def limiter(self) -> RateLimiter:
        return RateLimiter(self.settings.rate_limits, self.buckets, self.clock)

    def make_runner(self, **ports: Any) -> Runner:
        """Another runner on the same stores, as another process would be; ``ports`` replace some."""
        given = {name: getattr(self, name) for name in Ports.__dataclass_fields__} | ports
        programs = Definitions(self.definitions, self.steps.names())
        return Runner.of(Ports(**given), programs, self.steps.names, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """While the runner waits, time passes and the worker works."""
        self.clock.advance(seconds * 1000)
        self.work()

    def work(self) -> None:
        """Deliver wake-ups until none is due."""
        while True:
            received = [(queue.name, one) for queue in WAKEUPS for one in self.queue.receive(queue.name, 50)]
            if not received:
                return
            self.worker.handle([WakeUp(i) for _, one in received for i in read_wakeup(one.body)])
            for name, one in received:
                self.queue.delete(name, [one.receipt_handle])

    def deliver_events(self) -> None:
        """Deliver the stored events that messages remind of."""
        for received in self.queue.receive(EVENTS.name, 50):
            self.runner.events.deliver(json.loads(received.body)["eventId"])
            self.queue.delete(EVENTS.name, [received.receipt_handle])

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self.services())
        return self._worker

    def services(self) -> Services:
        """The host's."""
        return Services(
            instances=self.instances,
            definitions=Definitions(self.definitions, self.steps.names()),
            blobs=self.blobs,
            queue=self.queue,
            bus=self.bus,
            clock=self.clock,
            ids=self.ids,
            steps=self.steps,
            events=self.events,
            tasks=self.tasks,
            results=self.results,
            errors=self.errors,
            durations=self.durations,
            breakers=self.breakers,
            buckets=self.buckets,
            slots=self.slots,
            starter=child_starter(self.runner.start),
            limits=self.limits,
        )

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def register(self, document: Mapping[str, Any]) -> str:
        registered = self.runner.registry.register(msgspec.json.encode(document))
        return registered.workflow.id

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        event: dict[str, Any] | None = None,
    ) -> Answer:
        """One request through the handler. ``body`` is sent as it is if it is text, else as JSON."""
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        made = api_event(method, path, text, query=query, headers=headers, number=next(self._requests))
        return send(self.handler, made | (event or {}))


def send(handler: Callable[[dict[str, Any], Any], dict[str, Any]], event: dict[str, Any]) -> Answer:
    answer = handler(event, None)
    return Answer(answer["statusCode"], answer["headers"], answer["body"])


def api_event(
    method: str,
    path: str,
    body: str | None = None,
    *,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    number: int = 1,
) -> dict[str, Any]:
    """As API Gateway sends it (payload format 2.0)."""
    raw_query = urlencode(query or {})
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": raw_query,
        "headers": dict(headers or {}),
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
            "requestId": f"request-{number}",
            "stage": "$default",
            "timeEpoch": 1_767_225_600_000,
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(parse_qsl(raw_query, keep_blank_values=True))
    if body is not None:
        event["body"] = body
    return event


def flow(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document with these steps, or with one that logs."""
    logged = {"id": "hello", "type": "log", "config": {"message": "hello"}}
    return {"nameSpace": "lab", "name": "Flow", "version": "1.0.0", "steps": list(steps or (logged,))} | more


def work(step_id: str, **more: Any) -> dict[str, Any]:
    """A step that does something durable."""
    return {"id": step_id, "type": "task", "config": {"handler": "lab.work"}, "inputs": {"name": step_id}} | more
