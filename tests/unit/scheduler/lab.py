"""The scheduler over memory adapters with a clock of its own: minutes tick, messages arrive, workers work."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from functions.http.routing import Handler, make_handler
from functions.scheduler.routes import ENDPOINTS
from reactory.definition.instant import parse_instant
from reactory.host.definitions import Definitions
from reactory.local.routes import Routes
from reactory.ports.executions import Execution, ExecutionQuery
from reactory.ports.schedules import StoredSchedule
from reactory.runner.instant import to_text
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.scheduler import Scheduler
from reactory.scheduler.stored import to_stored
from reactory.steps.modules import Modules
from reactory.topology import FUNCTIONS, SCHEDULES
from tests.unit.runner.lab import Answer, Lab, Ports, api_event, flow, send, work

ROUTES = Routes(FUNCTIONS)
NOON = "2026-01-01T12:00:00.000Z"
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


class SchedulerLab(Lab):
    """It is noon, and ``lab.Flow`` is registered: one durable step. ``hold`` makes it wait for an event first."""

    def __init__(self) -> None:
        super().__init__()
        self.clock.set(parse_instant(NOON))
        self.services_known: list[str] = []
        self.modules = Modules()
        self.scheduler = self.make_scheduler()
        self.api = make_handler("scheduler-api", ENDPOINTS, lambda: self.scheduler)
        self.register(flow(work("a")))
        self.register(flow({"id": "w", "type": "wait_event", "config": {"eventName": "go"}}, name="Hold"))

    def make_scheduler(self, **ports: Any) -> Scheduler:
        """Another scheduler on the same stores, as another process would be; ``ports`` replace some."""
        given = {name: getattr(self, name) for name in Ports.__dataclass_fields__} | ports
        programs = Definitions(self.definitions, self.steps.names())
        return Scheduler.of(Ports(**given), programs, lambda: self.services_known, lambda: self.modules)

    def handler_of(self, method: str, path: str) -> Handler:
        is_ours = ROUTES.match(method, path).function == "scheduler-api"
        return self.api if is_ours else self.handler

    # --- time -----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        self.scheduler.ticks.tick()

    def deliver(self, scheduler: Scheduler | None = None) -> int:
        """Hand over the messages that are due, then let workers work; how many there were."""
        count = 0
        while received := self.queue.receive(SCHEDULES.name, 10):
            for one in received:
                (scheduler or self.scheduler).fire.handle(json.loads(one.body)["executionId"])
                self.queue.delete(SCHEDULES.name, [one.receipt_handle])
            count += len(received)
        self.work()
        return count

    def pass_time(self, milliseconds: int, *, step: int = SECOND, ticks: bool = True) -> None:
        """In steps: a tick at each full minute, and all messages when they are due."""
        end = self.clock.now() + milliseconds
        while self.clock.now() < end:
            if ticks and self.clock.now() % MINUTE == 0:
                self.tick()
            self.deliver()
            self.clock.advance(min(step, end - self.clock.now()))
        self.deliver()

    def outage(self, milliseconds: int) -> None:
        """Nothing ticks, and what was sent is lost."""
        self.clock.advance(milliseconds)
        while received := self.queue.receive(SCHEDULES.name, 10):
            self.queue.delete(SCHEDULES.name, [one.receipt_handle for one in received])

    @property
    def now(self) -> str:
        return to_text(self.clock.now())

    # --- what there is --------------------------------------------------------------------------------------------

    def add(self, schedule_id: str = "s", cron: str = "* * * * *", **more: Any) -> str:
        """Create a schedule of ``lab.Flow``; members of ``schedule`` are given with it, the others beside it."""
        self.scheduler.desk.create(msgspec.json.encode(document(schedule_id, cron, **more)))
        return schedule_id

    def unseen(self, schedule_id: str) -> StoredSchedule:
        """What is stored of a schedule of two past twelve, which no tick has seen."""
        return to_stored(parse_schedule(document(schedule_id, cron="2 12 * * *")), self.clock.now(), tenant="default")

    def stored(self, schedule_id: str = "s") -> StoredSchedule:
        found = self.schedules.get("default", schedule_id)
        assert found is not None
        return found

    def log(self, schedule_id: str = "s") -> list[Execution]:
        """The earliest slot first."""
        page = self.executions.list(ExecutionQuery(schedule_id=schedule_id, limit=10_000))
        return page.executions[::-1]

    def states(self, schedule_id: str = "s") -> list[str]:
        return [execution.status for execution in self.log(schedule_id)]

    def logged_slots(self, schedule_id: str = "s") -> list[str]:
        """The times of slots that have an instance, each as often as it has one."""
        prefix = f"{schedule_id}/"
        triggers = [one.trigger_id or "" for one in self.instances._instances.values() if one.mode == "schedule"]
        return sorted(one.removeprefix(prefix) for one in triggers if one.startswith(prefix))

    def statuses(self, schedule_id: str = "s") -> list[str]:
        """Of the instances, in the order of their slots."""
        mine = [
            one for one in self.instances._instances.values() if (one.trigger_id or "").startswith(f"{schedule_id}/")
        ]
        return [one.status for one in sorted(mine, key=lambda one: one.trigger_id or "")]

    def release(self) -> None:
        """Let every instance of ``lab.Hold`` go on to its end."""
        self.runner.events.publish("go", "")
        self.work()
        self.deliver_events()
        self.work()

    def ask(self, method: str, path: str = "", body: Any = None, **more: Any) -> Answer:
        """One request about schedules through the handler."""
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        return send(self.api, api_event(method, f"/workflow/schedules{path}", text, **more))


def document(schedule_id: str = "s", cron: str | None = "* * * * *", **more: Any) -> dict[str, Any]:
    timing = {"cron": cron} if cron else {}
    return {
        "id": schedule_id,
        "name": schedule_id.title(),
        "workflow": {"id": "lab.Flow"},
        **more,
        "schedule": {**timing, **more.get("schedule", {})},
    }


def at(text: str) -> str:
    """``12:05`` of the day of the tests, as slots are told."""
    padded = text if text.count(":") == 2 else f"{text}:00"
    return f"2026-01-01T{padded}.000Z"


Make = Callable[[], SchedulerLab]
