"""The ErrorHandler over a lab's stores, and its API handler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from msgspec.structs import replace

from functions.errors.routes import ENDPOINTS
from functions.http.routing import make_handler
from reactory.adapters.memory.bus import MemoryBus
from reactory.errors.error_handler import ErrorHandler
from reactory.ports.breakers import BreakerRules, Permit
from reactory.ports.dead_letters import DeadLetter
from reactory.ports.statistics import Occurrence
from reactory.settings import Settings
from tests.unit.runner import lab as labs
from tests.unit.runner.lab import Answer, Lab, api_event, flow, send, work


@dataclass(frozen=True)
class Ports(labs.Ports):
    bus: MemoryBus


RULES = BreakerRules()


class Desk:
    """What an operator sees of a lab."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.lab = Lab(settings)
        self.breakers = self.lab.breakers
        given = {name: getattr(self.lab, name) for name in Ports.__dataclass_fields__}
        self.errors = ErrorHandler.of(Ports(**given), self.lab.runner.control)
        self.api = make_handler("errors-api", ENDPOINTS, lambda: self.errors, self.lab.limiter)
        self._numbers = count(1)

    @property
    def now(self) -> int:
        return self.lab.clock.now()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        text = None if body is None else json.dumps(body)
        return send(self.api, api_event(method, path, text, query=query, number=next(self._numbers)))

    def ask(self, key: str) -> None:
        """A call asks whether it may pass."""
        self.breakers.ask("default", key, RULES, self.now, self.now + 1000)

    def trip(self, key: str, failures: int = RULES.failure_threshold, tenant: str = "default") -> None:
        """Calls fail; as many as are meant open the circuit."""
        for _ in range(failures):
            permit, _change = self.breakers.ask(tenant, key, RULES, self.now, self.now + 1000)
            assert isinstance(permit, Permit)
            self.breakers.report(permit, RULES, self.now, failed=True)

    def note(self, at: int | None = None, **fields: Any) -> None:
        """An error."""
        values: dict[str, Any] = {
            "tenant": "default",
            "workflow_id": "acme.Order",
            "step_id": "charge",
            "category": "network",
            "severity": "medium",
            "type": "RemoteUnavailableError",
            "code": "remote_unavailable",
            "message": "no answer",
            "instance_id": "i1",
            "attempt": 1,
        }
        self.lab.errors.note([Occurrence(at=self.now if at is None else at, **(values | fields))])

    def bury(self, letter_id: str, body: str = '{"id": "lab.Flow"}', **fields: Any) -> DeadLetter:
        """A dead message of the queue ``triggers``."""
        letter = DeadLetter(letter_id, "triggers", body, self.now)
        self.lab.dead_letters.add([replace(letter, **fields)])
        return letter

    def fail(self, **more: Any) -> str:
        """An instance that has failed; its step works again when it is retried."""
        name = "Other" if more else "Flow"
        self.lab.register(flow(work("a", retryPolicy={"maxAttempts": 1}, **more), name=name))
        self.lab.failing = {"a"}
        instance_id = str(self.lab.call("POST", f"/workflow/start/lab.{name}", {}).json["instanceId"])
        self.lab.work()
        self.lab.failing = set()
        return instance_id
