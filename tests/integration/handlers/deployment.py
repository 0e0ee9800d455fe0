"""What a deployment is, in this process: the topology's functions, their triggers, and what both are made of.

The handlers are found by the import paths of the topology and composed from environment variables, as on AWS. What AWS
does between them is done here, when a test asks for it: a message becomes an SQS event, what was done is deleted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from reactory.bootstrap import App, app, install
from reactory.local.lambda_context import LambdaContext
from reactory.local.prepare import handler as prepare
from reactory.local.routes import Routes
from reactory.local.sqs_event import failed_ids, to_event
from reactory.ports.queue import Depth, Receiver
from reactory.runner.transitions import FINISHED
from reactory.topology import FUNCTIONS, FunctionSpec, sources, wakeup_queue
from tests.integration.handlers.canonical import http

DEADLINE = 20.0
FUNCTION_OF = {spec.name: spec for spec in FUNCTIONS}
CONSUMER_OF = {queue.name: spec for spec in FUNCTIONS for queue in sources(spec)}
ROUTES = Routes(FUNCTIONS)

Told = tuple[str, str, dict[str, Any]]
"""Id, detail type and detail of an event that reached a subscriber of the bus."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


class Deployment:
    """``told`` gives the events that arrived at the other end of the bus since it was asked before.

    ``wire`` does what has to be done before a handler is composed from the environment.
    """

    def __init__(self, receiver: Receiver, told: Callable[[], list[Told]], wire: Callable[[], None]) -> None:
        self.receiver = receiver
        self._new = told
        self._wire = wire
        self._told: list[Told] = []

    @property
    def ports(self) -> App:
        """What the handlers are wired with."""
        return app()

    def cold_start(self) -> None:
        """From here on, other processes."""
        cool_down()
        self._wire()

    def prepare(self) -> None:
        """What a deployment does once: indexes, and the modules' definitions."""
        prepared = prepare({"schema": True}, context(FUNCTION_OF["runner-api"]))
        assert not prepared["faults"], prepared["faults"]

    def invoke(self, function: str, event: dict[str, Any], remaining: int | None = None) -> Any:
        """Call a function as Lambda does: JSON in, JSON out. ``remaining`` milliseconds of its time are left."""
        spec = FUNCTION_OF[function]
        result = handler_of(spec)(json.loads(json.dumps(event)), context(spec, remaining))
        return json.loads(json.dumps(result))

    def request(self, method: str, path: str, **more: Any) -> Answer:
        return self.answer(http(method, path, **more))

    def answer(self, event: dict[str, Any]) -> Answer:
        """What the API answers to API Gateway's event."""
        function = ROUTES.match(event["requestContext"]["http"]["method"], event["rawPath"]).function
        response = self.invoke(function, event)
        headers = {name.lower(): str(value) for name, value in response["headers"].items()}
        return Answer(response["statusCode"], headers, json.loads(response["body"]))

    def start(self, workflow: str, data: dict[str, Any], **headers: str) -> str:
        started = self.request("POST", f"/workflow/start/{workflow}", body=data, headers=headers)
        assert started.status == 201, started.body
        return str(started.body["instanceId"])

    def register(self, *steps: dict[str, Any], name: str) -> str:
        """A document with these steps; its id."""
        document = {"nameSpace": "plant", "name": name, "version": "1.0.0", "steps": list(steps)}
        answer = self.request("POST", "/workflow/workflows", body=document)
        assert answer.status == 201, answer.body
        return f"plant.{name}"

    def see(self, instance_id: str) -> dict[str, Any]:
        found = self.request("GET", f"/workflow/instance/{instance_id}")
        assert found.status == 200, found.body
        shown: dict[str, Any] = found.body
        return shown

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.request("GET", f"/workflow/instance/{instance_id}/history").body["history"]
        return entries

    def deliver(self, queue: str, wait: float = 0.0) -> list[str]:
        """One poll of the queue's trigger: receive, invoke, delete what was done. The bodies of what failed."""
        spec = CONSUMER_OF[queue]
        size = next(found.batch_size for found in sources(spec) if found.name == queue)
        batch = self.receiver.receive(queue, size, wait)
        if not batch:
            return []
        failed = failed_ids(self.invoke(spec.name, to_event(queue, batch)), batch)
        self.receiver.delete(queue, [found.receipt_handle for found in batch if found.message_id not in failed])
        for found in batch:
            if found.message_id in failed:  # at once, not after the visibility timeout
                self.receiver.change_visibility(queue, found.receipt_handle, 0)
        return [found.body for found in batch if found.message_id in failed]

    def run(self, instance_id: str, until: frozenset[str] = FINISHED) -> dict[str, Any]:
        """Deliver the instance's wake-ups until it has one of these statuses."""
        deadline = time.monotonic() + DEADLINE
        while (seen := self.see(instance_id))["status"] not in until:
            assert time.monotonic() < deadline, seen
            self.deliver(wakeup_queue(seen["priority"]), wait=1.0)
        return seen

    def lose(self, queue: str) -> int:
        """Messages vanish, as messages may; how many."""
        lost = 0
        while batch := self.receiver.receive(queue, 10):
            self.receiver.delete(queue, [found.receipt_handle for found in batch])
            lost += len(batch)
        return lost

    def depth(self, queue: str) -> Depth:
        return self.receiver.depth(queue)

    def told(self, instance_id: str | None = None) -> list[dict[str, Any]]:
        """The details of all events so far, those of one instance if it is named; each once."""
        return [detail for _, detail in self._arrived(instance_id)]

    def kinds(self, instance_id: str) -> list[str]:
        """The detail types of all events of an instance so far."""
        return [kind for kind, _ in self._arrived(instance_id)]

    def _arrived(self, instance_id: str | None) -> list[tuple[str, dict[str, Any]]]:
        self._told += self._new()
        unique = {event_id: (kind, detail) for event_id, kind, detail in self._told}
        return [found for found in unique.values() if instance_id in (None, found[1]["instanceId"])]


def context(spec: FunctionSpec, remaining: int | None = None) -> LambdaContext:
    deadline = time.time_ns() // 1_000_000 + (spec.timeout * 1000 if remaining is None else remaining)
    return LambdaContext(spec.name, spec.memory, f"request-of-{spec.name}", deadline)


def handler_of(spec: FunctionSpec) -> Callable[[dict[str, Any], LambdaContext], Any]:
    module, _, name = spec.handler.rpartition(".")
    handler: Callable[[dict[str, Any], LambdaContext], Any] = getattr(import_module(module), name)
    return handler


def cool_down() -> None:
    """Forget what a warm process keeps between invocations: the next one is a cold start with a new environment."""
    for package in dict.fromkeys(spec.handler.rsplit(".", 2)[0] for spec in FUNCTIONS):
        wiring = import_module(f"{package}.wiring")
        for kept in [kept for kept in vars(wiring).values() if hasattr(kept, "cache_clear")]:
            if kept.__name__ == "worker" and kept.cache_info().currsize:
                kept().close()
            kept.cache_clear()
    install(None)
