"""What an instance has still to tell others: made with the state that it tells of, worked off after it is durable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reactory.kernel.effects import AttemptFailed, StatusChanged
from reactory.kernel.failures import error_view
from reactory.kernel.machine import rfc3339
from reactory.kernel.severity import severity_of
from reactory.ports.bus import MAX_DETAIL, BusEvent
from reactory.ports.store import Instance, OutboxEntry

if TYPE_CHECKING:
    from reactory.host.errands import Emission

SOURCE = "reactory.workflow"
STATUS_CHANGE = "Workflow Instance Status Change"
DEAD_LETTERED = "Workflow Instance Dead Lettered"
MANUAL_INTERVENTION = "Workflow Manual Intervention Required"
ALERT = "Workflow Alert"
EVENT = "Workflow Event"
_TYPES = {
    "status": STATUS_CHANGE,
    "dead-lettered": DEAD_LETTERED,
    "manual-intervention": MANUAL_INTERVENTION,
    "alert": ALERT,
}
BUS_KINDS = frozenset(_TYPES)
"""Kinds of entries that are told to the bus as they are."""


def status_entries(instance: Instance, change: StatusChanged) -> list[OutboxEntry]:
    """The outbox entries of one status change; ids are unique per instance and the same after a recovery."""
    detail: dict[str, Any] = {
        "instanceId": instance.id,
        "workflowId": instance.workflow_id,
        "version": instance.version,
        "tenant": instance.tenant,
        "status": change.status,
        "previousStatus": change.previous,
        "reason": change.reason,
        "correlationId": instance.correlation_id,
        "timestamp": rfc3339(change.at),
    }
    body = msgspec.json.encode({"detail": detail, "time": change.at}).decode()
    entries = [OutboxEntry(f"{change.number}", "status", body)]
    code = None if change.reason is None else change.reason.get("code")
    if code == "dead_lettered":
        entries.append(OutboxEntry(f"{change.number}.dead", "dead-lettered", body))
    elif code == "manual_intervention":
        entries.append(OutboxEntry(f"{change.number}.manual", "manual-intervention", body))
    return entries


def alert(instance: Instance, failure: AttemptFailed) -> OutboxEntry:
    """Somebody should look at what an attempt has failed with (EH-7); the id is that of the attempt."""
    detail: dict[str, Any] = {
        "instanceId": instance.id,
        "workflowId": instance.workflow_id,
        "version": instance.version,
        "tenant": instance.tenant,
        "stepId": failure.step,
        "path": failure.path,
        "attempt": failure.attempt,
        "severity": severity_of(failure.error.category),
        "error": error_view(failure.error),
        "correlationId": instance.correlation_id,
        "timestamp": rfc3339(failure.at),
    }
    body = msgspec.json.encode({"detail": detail, "time": failure.at}).decode()
    return OutboxEntry(f"alert:{failure.number}:{failure.path}", "alert", body)


def bus_event(instance_id: str, entry: OutboxEntry) -> BusEvent:
    """The event that an entry stands for."""
    body = msgspec.json.decode(entry.body)
    return BusEvent(f"{instance_id}:{entry.id}", SOURCE, _TYPES[entry.kind], body["detail"], body["time"])


def emitted(emission: Emission, data: Any) -> BusEvent:
    """The event of an ``emit_event`` step, for who listens outside. One that is too large for the bus goes without data."""
    detail = {"name": emission.name, "key": emission.key, "tenant": emission.tenant, "instanceId": emission.source}
    fits = len(msgspec.json.encode(data)) < MAX_DETAIL - 4096
    return BusEvent(emission.id, SOURCE, EVENT, detail | ({"data": data} if fits else {}), emission.time)
