"""Every function with its routes, queues, rule and limits, declared once.

The CDK stack and the local stack are both built from this module, so the two cannot drift apart. Plain data, no imports
of anything that runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PRIORITIES: dict[int, str] = {1: "low", 2: "normal", 3: "high", 4: "critical"}
"""Priority of an instance → its class, which names its wake-up queue."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the HTTP API, in API Gateway's form: ``/workflow/instance/{id}``."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One SQS standard queue; its dead-letter queue is ``<name>-dead``. Times are seconds.

    ``concurrency`` bounds the functions that run at once for this queue (the event source's maximum concurrency).
    """

    name: str
    batch_size: int
    window: int
    concurrency: int
    max_receives: int = 5

    @property
    def dead_letters(self) -> str:
        return f"{self.name}-dead"


Capability = Literal[
    "instances", "blobs", "publish", "wakeups", "triggers", "events", "jobs", "schedules", "queues", "counters"
]


@dataclass(frozen=True, slots=True)
class BusRuleSpec:
    """A rule of the event bus: what comes from a source that does not begin with ``except_prefix`` goes to the queue."""

    name: str
    queue: str
    except_prefix: str

    @property
    def pattern(self) -> dict[str, list[dict[str, dict[str, str]]]]:
        """As EventBridge takes it."""
        return {"source": [{"anything-but": {"prefix": self.except_prefix}}]}

    def matches(self, source: str) -> bool:
        """Whether EventBridge would send an event of this source on."""
        return not source.startswith(self.except_prefix)


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One Lambda function. ``handler`` is its import path; ``timeout`` seconds; ``memory`` MB.

    ``needs`` is what its role allows: blobs (read and write), publish (put events on the bus), wakeups, triggers,
    events, jobs and schedules (send to those queues), queues (send to every queue), counters (read and update items of
    the DynamoDB table, query its index). ``instances`` is the database, reached with its own secret. ``rule`` is an
    EventBridge schedule expression. ``dead_letters``: what ends in any dead-letter queue is given to this function.
    ``after_deployment``: it is called when a deployment of the stack is complete.
    """

    name: str
    handler: str
    timeout: int
    memory: int
    routes: tuple[Route, ...] = ()
    queues: tuple[QueueSpec, ...] = ()
    rule: str | None = None
    dead_letters: bool = False
    after_deployment: bool = False
    needs: frozenset[Capability] = field(default_factory=frozenset)


WAKEUPS: tuple[QueueSpec, ...] = tuple(
    # Lambda takes more than ten messages at once only if it may wait a second for them: bulk work may, the rest not
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    QueueSpec(name=f"wakeups-{label}", batch_size=size, window=window, concurrency=ceiling)
    for label, size, window, ceiling in (
        ("low", 50, 1, 5),
        ("normal", 10, 0, 20),
        ("high", 10, 0, 20),
        ("critical", 10, 0, 20),
    )
)
TRIGGERS = QueueSpec(name="triggers", batch_size=10, window=0, concurrency=10)
EVENTS = QueueSpec(name="events", batch_size=10, window=0, concurrency=10)
"""Events from outside, and reminders of those whose time comes later."""

JOBS = QueueSpec(name="jobs", batch_size=1, window=0, concurrency=2)
"""Batch operations that are to be gone on with, a portion per message."""

SCHEDULES = QueueSpec(name="schedules", batch_size=10, window=0, concurrency=20)
"""Slots of schedules that are due, and executions that are to be looked at again."""

FUNCTIONS: tuple[FunctionSpec, ...] = (
    FunctionSpec(
        name="runner-api",
        handler="functions.runner.api.handler",
        timeout=29,
        memory=512,
        routes=(
            Route("GET", "/health"),
            Route("GET", "/openapi.json"),
            Route("GET", "/workflow/status"),
            Route("GET", "/workflow/workflows"),
            Route("POST", "/workflow/workflows"),
            Route("GET", "/workflow/workflows/{nameSpace}/{name}"),
            Route("DELETE", "/workflow/workflows/{nameSpace}/{name}"),
            Route("POST", "/workflow/validate"),
            Route("POST", "/workflow/start/{workflowId}"),
            Route("GET", "/workflow/instances"),
            Route("GET", "/workflow/instance/{id}"),
            Route("DELETE", "/workflow/instance/{id}"),
            Route("GET", "/workflow/instance/{id}/history"),
            Route("POST", "/workflow/instance/{id}/pause"),
            Route("POST", "/workflow/instance/{id}/resume"),
            Route("POST", "/workflow/instance/{id}/retry"),
            Route("POST", "/workflow/instance/{id}/rewind"),
            Route("POST", "/workflow/instance/{id}/fork"),
            Route("POST", "/workflow/instance/{id}/migrate"),
            Route("POST", "/workflow/instances/batch"),
            Route("GET", "/workflow/jobs/{id}"),
            Route("POST", "/workflow/instance/{id}/signal/{name}"),
            Route("POST", "/workflow/events/{name}/{key}"),
            Route("GET", "/workflow/tasks"),
            Route("POST", "/workflow/tasks/{id}/complete"),
            Route("POST", "/workflow/activities/{name}/take"),
            Route("POST", "/workflow/activities/{token}/complete"),
            Route("POST", "/workflow/activities/{token}/fail"),
            Route("POST", "/workflow/activities/{token}/heartbeat"),
        ),
        needs=frozenset({"instances", "blobs", "wakeups", "events", "jobs", "counters"}),
    ),
    FunctionSpec(
        name="runner-jobs",
        handler="functions.runner.jobs.handler",
        timeout=60,
        memory=512,
        queues=(JOBS,),
        needs=frozenset({"instances", "blobs", "wakeups", "jobs"}),
    ),
    FunctionSpec(
        name="runner-trigger",
        handler="functions.runner.trigger.handler",
        timeout=30,
        memory=512,
        queues=(TRIGGERS,),
        needs=frozenset({"instances", "blobs", "wakeups"}),
    ),
    FunctionSpec(
        name="host-worker",
        handler="functions.host.worker.handler",
        timeout=120,
        memory=1769,  # one whole vCPU
        queues=WAKEUPS,
        needs=frozenset({"instances", "blobs", "publish", "wakeups", "events", "counters"}),
    ),
    FunctionSpec(
        name="host-events",
        handler="functions.host.events.handler",
        timeout=30,
        memory=512,
        queues=(EVENTS,),
        needs=frozenset({"instances", "blobs", "wakeups", "events"}),
    ),
    FunctionSpec(
        name="host-sweeper",
        handler="functions.host.sweeper.handler",
        timeout=55,
        memory=512,
        rule="rate(1 minute)",
        needs=frozenset({"instances", "wakeups", "events", "jobs"}),
    ),
    FunctionSpec(
        name="errors-api",
        handler="functions.errors.api.handler",
        timeout=29,
        memory=512,
        routes=(
            Route("GET", "/workflow/errors"),
            Route("DELETE", "/workflow/errors/{workflowId}"),
            Route("GET", "/workflow/circuits"),
            Route("GET", "/workflow/circuits/{name}"),
            Route("POST", "/workflow/circuits/{name}/reset"),
            Route("GET", "/workflow/dead-letters"),
            Route("GET", "/workflow/dead-letters/{id}"),
            Route("POST", "/workflow/dead-letters/redrive"),
        ),
        needs=frozenset({"instances", "blobs", "publish", "queues", "counters"}),
    ),
    FunctionSpec(
        name="errors-dead-letters",
        handler="functions.errors.dead_letters.handler",
        timeout=30,
        memory=512,
        dead_letters=True,
        needs=frozenset({"instances"}),
    ),
    FunctionSpec(
        name="scheduler-api",
        handler="functions.scheduler.api.handler",
        timeout=29,
        memory=512,
        routes=(
            Route("GET", "/workflow/schedules"),
            Route("POST", "/workflow/schedules"),
            Route("POST", "/workflow/schedules/reload"),
            Route("GET", "/workflow/schedules/{id}"),
            Route("PUT", "/workflow/schedules/{id}"),
            Route("DELETE", "/workflow/schedules/{id}"),
            Route("POST", "/workflow/schedules/{id}/start"),
            Route("POST", "/workflow/schedules/{id}/stop"),
            Route("POST", "/workflow/schedules/{id}/trigger"),
            Route("POST", "/workflow/schedules/{id}/backfill"),
            Route("GET", "/workflow/schedules/{id}/executions"),
            Route("GET", "/workflow/schedules/{id}/next"),
        ),
        needs=frozenset({"instances", "blobs", "wakeups", "schedules", "counters"}),
    ),
    FunctionSpec(
        name="scheduler-tick",
        handler="functions.scheduler.tick.handler",
        timeout=55,
        memory=512,
        rule="rate(1 minute)",
        needs=frozenset({"instances", "schedules"}),
    ),
    FunctionSpec(
        name="scheduler-setup",
        handler="functions.scheduler.setup.handler",
        timeout=900,  # a new index on a large collection takes its time
        memory=512,
        after_deployment=True,
        needs=frozenset({"instances", "blobs", "wakeups", "schedules"}),
    ),
    FunctionSpec(
        name="scheduler-fire",
        handler="functions.scheduler.fire.handler",
        timeout=30,
        memory=512,
        queues=(SCHEDULES,),
        needs=frozenset({"instances", "blobs", "wakeups", "schedules"}),
    ),
)

DEFAULT_FUNCTION = "runner-api"
"""Answers the requests that no route knows (``$default``), so that they too get a problem document: 404, or 405."""

BUS = "reactory"
"""The event bus for events in and out."""

BUS_RULES: tuple[BusRuleSpec, ...] = (BusRuleSpec(name="events-in", queue=EVENTS.name, except_prefix="reactory."),)
"""What others put on the bus is published to whoever waits for it. The engine's own events never come back to it."""

COUNTERS_TABLE = "reactory-counters"
"""The DynamoDB table of counters: key ``pk``, TTL ``expiresAt``."""

COUNTERS_INDEX = "kind"
"""The index of the counters that are listed, which are those with an attribute ``kind``: key ``kind``, then ``pk``."""


def queues() -> tuple[QueueSpec, ...]:
    """All queues, each once."""
    return tuple({queue.name: queue for function in FUNCTIONS for queue in function.queues}.values())


def sources(function: FunctionSpec) -> tuple[QueueSpec, ...]:
    """The queues that feed a function: its own, or all dead-letter queues, which have none of their own."""
    if not function.dead_letters:
        return function.queues
    return tuple(QueueSpec(queue.dead_letters, batch_size=10, window=0, concurrency=2) for queue in queues())


def undertaker() -> FunctionSpec:
    """The function that is given all dead letters."""
    return next(function for function in FUNCTIONS if function.dead_letters)


def visibility(function: FunctionSpec) -> int:
    """How long a received message stays invisible, in seconds: six times the function's timeout, as AWS advises.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    return 6 * function.timeout


def wakeup_queue(priority: int) -> str:
    """The wake-up queue of an instance's priority; an unknown priority counts as normal."""
    return f"wakeups-{PRIORITIES.get(priority, 'normal')}"
