"""Works off what instances owe to others. Every errand may be done twice; whoever gets it does it once."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reactory.exceptions import ReactoryError
from reactory.host import errands
from reactory.host.children import ChildOrder, Children
from reactory.host.event_desk import EventDesk
from reactory.host.outbox import BUS_KINDS, bus_event, emitted
from reactory.host.values import resolved
from reactory.ports.blobs import Blobs
from reactory.ports.bus import Bus
from reactory.ports.store import InstanceStore, OutboxEntry
from reactory.ports.tasks import TaskStore, WorkItem

_LOG = logging.getLogger("reactory.host")


@dataclass(frozen=True, slots=True)
class Teller:
    instances: InstanceStore
    blobs: Blobs
    bus: Bus
    tasks: TaskStore
    desk: EventDesk
    children: Children

    def work_off(self, news: Mapping[str, Sequence[OutboxEntry]]) -> dict[str, list[str]]:
        """Instance id → ids of the entries that are done. What cannot be done now stays owed, with all that follows it."""
        done: dict[str, list[str]] = {owner: [] for owner in news}
        try:
            self._publish(news, done)
        except ReactoryError as error:
            _LOG.warning("news not told, the sweeper will see to it: %s", error.message)
        for owner, entries in news.items():
            try:
                for entry in entries:
                    if entry.kind not in BUS_KINDS:
                        self._try(owner, entry)
                        done[owner].append(entry.id)
            except ReactoryError as error:
                _LOG.warning("an errand of instance %s waits for the sweeper: %s", owner, error.message)
        return {owner: ids for owner, ids in done.items() if ids}

    def _publish(self, news: Mapping[str, Sequence[OutboxEntry]], done: dict[str, list[str]]) -> None:
        told = [(owner, entry) for owner, entries in news.items() for entry in entries if entry.kind in BUS_KINDS]
        if told:
            self.bus.publish([bus_event(owner, entry) for owner, entry in told])
        for owner, entry in told:
            done[owner].append(entry.id)

    def _try(self, owner: str, entry: OutboxEntry) -> None:
        """An errand that will never succeed is logged and given up: it must not keep the others from being done."""
        try:
            self._run(owner, entry)
        except ReactoryError as error:
            if error.retryable:
                raise
            _LOG.exception("the errand %s of instance %s cannot be done", entry.id, owner)

    def _run(self, owner: str, entry: OutboxEntry) -> None:
        match entry.kind:
            case "look":
                self.desk.look(owner, _body(entry, str))
            case "emit":
                self._emit(owner, _body(entry, errands.Emission))
            case "open":
                self.tasks.open([_body(entry, WorkItem)])
            case "close":
                self.tasks.close([_body(entry, str)])
            case "assign":
                assignment = _body(entry, errands.Assignment)
                self.tasks.assign(assignment.wait, assignment.assignee)
            case "start":
                self.children.start(_body(entry, ChildOrder))
            case "retry":
                retry = _body(entry, errands.ChildRetry)
                self.children.retry(retry.child, retry.parent, retry.tenant, retry.priority)
            case "cancel":
                self.children.cancel(_body(entry, str))
            case "parent":
                self._report(owner, _body(entry, errands.ChildEnd))
            case kind:
                _LOG.error("an errand of instance %s is of an unknown kind: %s", owner, kind)

    def _emit(self, owner: str, emission: errands.Emission) -> None:
        data = resolved(self.blobs, emission.data, owner)
        self.desk.publish(emission.publication(data), emission.id)
        self.bus.publish([emitted(emission, data)])

    def _report(self, owner: str, end: errands.ChildEnd) -> None:
        child = self.instances.get(owner)
        if child is not None:
            self.children.report(child, end.parent, end.status, end.output, end.reason, end.number)


def _body(entry: OutboxEntry, kind: type[Any]) -> Any:
    return msgspec.json.decode(entry.body, type=kind)
