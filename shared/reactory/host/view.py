"""An instance as clients see it: the document replayed up to the last fact, requests from outside included.

A request is durable once it stands in the inbox, and the owner honours it before anything else; so what is shown here is
what is true, whether or not a worker has come to it yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reactory.definition.program import Node, Program
from reactory.host.recovery import replay, restore, stored_facts
from reactory.host.values import fetch, resolved
from reactory.kernel.facts import decode_fact
from reactory.kernel.failures import error_view
from reactory.kernel.machine import Machine, rfc3339
from reactory.kernel.records import Record, decode_record
from reactory.kernel.state import TERMINAL, NodeState
from reactory.kernel.timers import next_timer
from reactory.ports.blobs import Blobs
from reactory.ports.store import HistoryChunk, Instance

_SHOWN = {"SUSPENDED": "FAILED"}
_EVENTS = {"ok": "step_completed", "failed": "step_failed", "step": "step"}


def current(instance: Instance, program: Program, blobs: Blobs, env: Mapping[str, Any] | None = None) -> Machine:
    """The machine with the journal and the inbox applied."""
    machine = restore(instance, program, env or {})
    inbox = [decode_fact(entry.fact) for entry in instance.inbox]
    for ref in replay(machine, [*stored_facts(machine, instance), *inbox]):
        machine.context.values[ref["id"]] = fetch(blobs, ref, instance.id)
    return machine


def effective_status(instance: Instance, program: Program | None, blobs: Blobs) -> str:
    """The status as it will be when what has been requested is honoured; the stored one without a definition."""
    if program is None or not (instance.journal or instance.inbox):
        return instance.status
    return current(instance, program, blobs).state.status


def view(instance: Instance, program: Program | None, blobs: Blobs) -> dict[str, Any]:
    """The answer of ``GET /workflow/instance/{id}``: JSON-able, times in RFC 3339. Without a definition (it was deleted)
    only what the document itself says.
    """
    shown = _identity(instance)
    shown["input"] = resolved(blobs, _decoded(instance.input), instance.id)
    if program is None:
        return shown | {"variables": {}, "outputs": None, "steps": [], "waits": [], "timers": []}
    machine = current(instance, program, blobs)
    state = machine.state
    missing = instance.status == "FAILED" and state.status not in TERMINAL
    if not missing:
        shown |= {
            "status": state.status,
            "reason": state.reason,
            "startedAt": _time(state.started),
            "completedAt": _time(state.finished),
        }
    return shown | {
        "activity": _activity(machine),
        "compensated": state.compensated,
        "variables": {k: resolved(blobs, v, instance.id) for k, v in state.variables.items()},
        "outputs": resolved(blobs, state.output, instance.id),
        "steps": _steps(machine, blobs),
        "waits": instance.waits,
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


def _decoded(text: str) -> Any:
    import msgspec

    return msgspec.json.decode(text)


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)


def _activity(machine: Machine) -> str | None:
    """What an open instance is doing (formats.md, "Statuses")."""
    state = machine.state
    if state.status != "RUNNING":
        return None
    if any(live.phase or (live.status == "RUNNING" and live.attempt) for live in state.live.values()):
        return "executing"
    timer = next_timer(state)
    return "executing" if timer is None else f"sleeping until {rfc3339(timer)}"


def _steps(machine: Machine, blobs: Blobs) -> list[dict[str, Any]]:
    """Every step of the document at the root, finished or not, then the live executions inside of containers."""
    root = machine.state.frames.get("")
    shown = []
    for step, node in machine.program.nodes.items():
        live = machine.state.live.get(step)
        if live is not None:
            shown.append(_live_step(step, node, live))
        elif root is not None and step in root.stat:
            output = resolved(blobs, root.outs.get(step), machine.context.instance_id)
            shown.append({"path": step, **_named(node), "status": root.stat[step], "output": output})
        elif any(node is top for top in machine.program.root.nodes):
            shown.append({"path": step, **_named(node), "status": "PENDING"})
    inner = [(p, live) for p, live in machine.state.live.items() if "/" in p]
    return shown + [_live_step(path, machine.node(path), live) for path, live in inner]


def _named(node: Node) -> dict[str, Any]:
    return {"id": node.id, "type": node.type, "name": node.name or node.id}


def _live_step(path: str, node: Node, live: NodeState) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": path, **_named(node), "status": _SHOWN.get(live.status, live.status)}
    if live.started:
        shown["startedAt"] = rfc3339(live.started)
    if live.attempt:
        shown["attempt"] = live.attempt
    if live.error is not None:
        shown["error"] = error_view(live.error)
    if live.due is not None:
        shown["due"] = rfc3339(live.due)
    if live.total and live.due is None:
        shown["progress"] = {"total": live.total, "begun": live.cursor, "running": live.open, "failed": live.failed}
    return shown


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


def history(
    instance: Instance, chunks: Iterable[HistoryChunk], program: Program | None, blobs: Blobs
) -> list[dict[str, Any]]:
    """Every recorded event in order, each once: from the ``steps`` collection, the document's tail, and the journal."""
    texts = [text for chunk in chunks for text in chunk.records] + instance.history
    records = {record.seq: record for record in map(decode_record, texts)}
    if program is not None and (instance.journal or instance.inbox):
        for record in current(instance, program, blobs).records:
            records.setdefault(record.seq, record)
    return [_entry(records[seq], blobs, instance.id) for seq in sorted(records)]


def _entry(record: Record, blobs: Blobs, owner: str) -> dict[str, Any]:
    """One record as clients see it."""
    shown: dict[str, Any] = {
        "seq": record.seq,
        "at": rfc3339(record.at),
        "event": _EVENTS.get(record.event, record.event),
    }
    for name in ("path", "type", "status", "attempt", "action", "reason", "by"):
        value = getattr(record, name)
        if value:
            shown[name] = value
    if record.started:
        shown["startedAt"] = rfc3339(record.started)
        shown["durationMs"] = record.at - record.started
    if record.output is not None:
        shown["output"] = resolved(blobs, record.output, owner)
    if record.error is not None:
        shown["error"] = error_view(record.error)
    return shown
