"""The engine in this process: starts instances, and tells what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.context import MODULE
from reactory.adapters.mongo.client import connect
from reactory.bootstrap import App, bootstrap
from reactory.exceptions import ReactoryError
from reactory.host.definitions import Definitions
from reactory.host.services import Services
from reactory.host.view import view
from reactory.ports.queue import Queue
from reactory.ports.store import Instance
from reactory.runner.children import child_starter
from reactory.runner.modules import register_loaded
from reactory.runner.request import StartRequest
from reactory.runner.runner import Runner
from reactory.settings import Settings
from reactory.steps.modules import load_modules

Document = dict[str, Any]
_CREATED_AT_ONCE = 1000


class Engine:
    """The runner and the stores on one database, with the benchmarks' module registered. ``queue`` gets the hints."""

    def __init__(self, settings: Settings, queue: Queue | None = None) -> None:
        modules = load_modules([MODULE])
        self.app: App = bootstrap(settings, queue=queue) if queue is not None else bootstrap(settings)
        self.app.schema.ensure()
        self.steps = modules.registry
        self.definitions = Definitions(self.app.definitions, self.steps.names())
        self.runner = Runner.of(self.app, self.definitions, self.steps.names)
        report = register_loaded(self.app, modules)
        assert not report.faults, "\n".join(map(str, report.faults))
        self.database = connect(settings.mongodb_uri)[settings.database]

    def start(self, workflow: str, inputs: Sequence[Mapping[str, Any]], priority: int | None = None) -> list[str]:
        """Create an instance per input; their ids, in order."""
        ids: list[str] = []
        for begin in range(0, len(inputs), _CREATED_AT_ONCE):
            requests = [
                StartRequest(workflow=workflow, data=dict(data), priority=priority)
                for data in inputs[begin : begin + _CREATED_AT_ONCE]
            ]
            for outcome in self.runner.start.start_many(requests):
                if isinstance(outcome, ReactoryError):
                    raise outcome
                ids.append(outcome.instance.id)
        return ids

    def instances(self, ids: Sequence[str]) -> dict[str, Instance]:
        """The documents as they are now, history included, in one read."""
        from reactory.adapters.mongo.codec import decode

        found = self.database["instances"].find({"_id": {"$in": list(ids)}})
        return {document["_id"]: decode(document) for document in found}

    def outputs(self, instance: Instance) -> Any:
        """What a client would be shown as the result of a finished instance."""
        program = self.definitions.program(
            instance.tenant, instance.workflow_id, instance.version, instance.fingerprint
        )
        return view(instance, program, self.app.blobs)["outputs"]

    def statuses(self) -> Counter[str]:
        """How many instances there are of each status."""
        return Counter(self.app.instances.count_by_status("default"))

    def services(self) -> Services:
        """What the host works with, for the parts of it that run in this process."""
        app = self.app
        return Services(
            instances=app.instances,
            definitions=self.definitions,
            blobs=app.blobs,
            queue=app.queue,
            bus=app.bus,
            clock=app.clock,
            ids=app.ids,
            steps=self.steps,
            events=app.events,
            tasks=app.tasks,
            results=app.results,
            errors=app.errors,
            durations=app.durations,
            breakers=app.breakers,
            buckets=app.buckets,
            slots=app.slots,
            starter=child_starter(self.runner.start),
        )
