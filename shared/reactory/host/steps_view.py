"""The steps of an instance as clients see them: what is live from the state, what is finished with the times of its record."""

from __future__ import annotations

from typing import Any

from reactory.definition.program import Block, Node, child_blocks
from reactory.host.values import resolved
from reactory.host.waits_view import held_by, waiting_for
from reactory.kernel.failures import shown_error
from reactory.kernel.machine import Machine, rfc3339
from reactory.kernel.paths import step_id
from reactory.kernel.records import Record, decode_record
from reactory.kernel.state import NodeState
from reactory.ports.blobs import Blobs
from reactory.ports.store import Instance

_SHOWN = {"SUSPENDED": "FAILED"}
_FINAL = frozenset({"COMPLETED", "FAILED", "SKIPPED", "CANCELLED", "COMPENSATED"})


def steps_of(machine: Machine, instance: Instance, blobs: Blobs) -> list[dict[str, Any]]:
    """In the document's order: each step that is finished, live or, at the top, still to come; live executions inside
    of containers after their step. A loop's step shows its last round; finished items stand in the history.
    """
    last = _last_records(machine, instance)
    live_paths: dict[str, list[str]] = {}
    for path in machine.state.live:
        live_paths.setdefault(step_id(path), []).append(path)
    top = {node.id for node in machine.program.root.nodes}
    shown: list[dict[str, Any]] = []
    for step, node in machine.program.nodes.items():
        paths = live_paths.get(step, [])
        shown += [_live_step(path, node, machine.state.live[path]) for path in paths]
        if not paths:
            shown += _finished_step(machine, node, last.get(step), blobs)
            if not shown or shown[-1]["id"] != step:
                shown += [{"path": step, **_named(node), "status": "PENDING"}] if step in top else []
    return shown


def _last_records(machine: Machine, instance: Instance) -> dict[str, Record]:
    """The last record of each step that tells of its end, as far as the document itself still holds them."""
    records = [*map(decode_record, instance.history), *machine.records]
    return {step_id(r.path): r for r in records if r.path and r.status in _FINAL}


def _finished_step(machine: Machine, node: Node, record: Record | None, blobs: Blobs) -> list[dict[str, Any]]:
    root = machine.state.frames.get("")
    status = None if root is None else root.stat.get(node.id)
    if root is None or status is None:
        return []
    shown: dict[str, Any] = {
        "path": record.path if record is not None else static_path(machine.program.root, node.id),
        **_named(node),
        "status": status,
        "output": resolved(blobs, root.outs.get(node.id), machine.context.owner),
    }
    if record is not None:
        shown["startedAt"] = rfc3339(record.started or record.at)
        shown["completedAt"] = rfc3339(record.at)
        if record.attempt:
            shown["attempt"] = record.attempt
        if record.error is not None:
            shown["error"] = shown_error(record.error)
    return [shown]


def static_path(block: Block, wanted: str, begin: str = "") -> str:
    """Where a step stands in the document, rounds and items of loops left open: ``poll[]/check``."""
    for node in block.nodes:
        path = begin + node.id
        if node.id == wanted:
            return path
        for key, inner in child_blocks(node):
            found = static_path(inner, wanted, f"{path}[]/" if key == "body" else f"{path}/")
            if found:
                return found
    return ""


def _named(node: Node) -> dict[str, Any]:
    return {"id": node.id, "type": node.type, "name": node.name or node.id}


def _live_step(path: str, node: Node, live: NodeState) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": path, **_named(node), "status": _SHOWN.get(live.status, live.status)}
    if live.started:
        shown["startedAt"] = rfc3339(live.started)
    if live.attempt:
        shown["attempt"] = live.attempt
    if live.error is not None:
        shown["error"] = shown_error(live.error)
    if live.due is not None:
        shown["due"] = rfc3339(live.due)
    if live.hold is not None and live.due is not None:
        shown["heldBy"] = {"guard": live.hold.by, "key": live.hold.key}
        shown["activity"] = f"sleeping until {rfc3339(live.due)}: {held_by(live.hold)}"
    if live.wait is not None:
        shown["waitingFor"] = waiting_for(live.wait)
    if live.total and live.due is None:
        shown["progress"] = {"total": live.total, "begun": live.cursor, "running": live.open, "failed": live.failed}
    return shown
