"""An instance as clients see it: the document replayed up to the last fact, requests from outside included.

A request is durable once it stands in the inbox, and the owner honours it before anything else; so what is shown here is
what is true, whether or not a worker has come to it yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reactory.definition.program import Program
from reactory.host.current import current
from reactory.host.given_up import stays_given_up
from reactory.host.steps_view import steps_of
from reactory.host.values import resolved
from reactory.host.waits_view import activity_of, waits_of
from reactory.kernel.machine import Machine, rfc3339
from reactory.kernel.state import TERMINAL
from reactory.ports.blobs import Blobs
from reactory.ports.store import Instance


def effective_status(
    instance: Instance, program: Program | None, blobs: Blobs, env: Mapping[str, Any] | None = None
) -> str:
    """The status as it will be when what has been requested is honoured; the stored one without a definition."""
    if program is None or not (instance.journal or instance.inbox):
        return instance.status
    return current(instance, program, blobs, env).state.status


def view(
    instance: Instance, program: Program | None, blobs: Blobs, env: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The answer of ``GET /workflow/instance/{id}``: JSON-able, times in RFC 3339. Without a definition (it was deleted)
    only what the document itself says.
    """
    shown = _identity(instance)
    shown["input"] = resolved(blobs, msgspec.json.decode(instance.input), instance.family)
    if program is None:
        return shown | {"variables": {}, "outputs": None, "steps": [], "waits": [], "timers": []}
    machine = current(instance, program, blobs, env)
    state = machine.state
    if not stays_given_up(instance):
        shown |= {
            "status": state.status,
            "reason": state.reason,
            "startedAt": _time(state.started),
            "completedAt": _time(state.finished),
        }
    return shown | {
        "activity": activity_of(machine),
        "compensated": state.compensated,
        "variables": {k: resolved(blobs, v, instance.family) for k, v in state.variables.items()},
        "outputs": resolved(blobs, state.output, instance.family),
        "steps": steps_of(machine, instance, blobs),
        "waits": waits_of(machine),
        "timers": _timers(machine),
    }


def _identity(instance: Instance) -> dict[str, Any]:
    return {
        "instanceId": instance.id,
        "workflowId": instance.workflow_id,
        "version": instance.version,
        "status": instance.status,
        "reason": instance.reason,
        "activity": None,
        "tenant": instance.tenant,
        "priority": instance.priority,
        "tags": instance.tags,
        "parent": instance.parent,
        "forkedFrom": instance.forked_from,
        "trigger": {"mode": instance.mode, "id": instance.trigger_id, "caller": instance.caller},
        "correlationId": instance.correlation_id,
        "createdAt": _time(instance.created_at),
        "startedAt": _time(instance.started_at),
        "updatedAt": _time(instance.updated_at),
        "completedAt": _time(instance.completed_at),
    }


def summary(instance: Instance) -> dict[str, Any]:
    """An instance in a list: what the document itself says."""
    return _identity(instance)


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)


def _timers(machine: Machine) -> list[dict[str, Any]]:
    timers = [
        {"path": path, "kind": kind, "at": rfc3339(at)}
        for path, live in machine.state.live.items()
        for kind, at in (("due", live.due), ("timeout", live.deadline))
        if at is not None
    ]
    if machine.state.deadline is not None and machine.state.status not in TERMINAL:
        timers.append({"path": "", "kind": "timeout", "at": rfc3339(machine.state.deadline)})
    return sorted(timers, key=lambda timer: str(timer["at"]))
