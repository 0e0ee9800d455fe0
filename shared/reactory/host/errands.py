"""What an instance has to have done outside of itself, as outbox entries: made with the state that asks for it, worked off by
``teller`` after that state is durable, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from reactory.host.children import ChildOrder
from reactory.host.event_desk import Publication
from reactory.kernel.effects import CancelChild, Emit, ItemChanged, LookAgain, RetryChild, StartChild
from reactory.kernel.machine import Machine
from reactory.kernel.state import NodeState
from reactory.ports.store import Instance, OpenWait, OutboxEntry
from reactory.ports.tasks import WorkItem

Errand = Emit | StartChild | RetryChild | CancelChild | LookAgain | ItemChanged


class Emission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event that a workflow publishes."""

    id: str
    name: str
    key: str = ""
    data: Any = None
    time: int
    tenant: str
    source: str

    def publication(self, data: Any) -> Publication:
        return Publication(self.name, self.key, data, self.id, self.time, self.source, self.tenant)


class ChildEnd(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the instance itself has ended, for its parent."""

    parent: str
    status: str
    output: Any = None
    reason: dict[str, Any] | None = None
    number: int


class ChildRetry(msgspec.Struct, frozen=True, kw_only=True):
    child: str
    parent: str
    tenant: str
    priority: int


class Assignment(msgspec.Struct, frozen=True):
    wait: str
    assignee: str


def entry(entry_id: str, kind: str, body: Any) -> OutboxEntry:
    return OutboxEntry(entry_id, kind, msgspec.json.encode(body).decode())


def of_effect(instance: Instance, effect: Errand, number: int) -> OutboxEntry:
    """``number`` makes the id unique among all entries of the instance."""
    match effect:
        case Emit():
            body = Emission(
                id=effect.id,
                name=effect.name,
                key=effect.key,
                data=effect.data,
                time=effect.at,
                tenant=instance.tenant,
                source=instance.id,
            )
            return entry(f"emit:{number}", "emit", body)
        case StartChild():
            return entry(f"start:{number}", "start", _order(instance, effect))
        case RetryChild(id=child):
            retry = ChildRetry(child=child, parent=instance.id, tenant=instance.tenant, priority=instance.priority)
            return entry(f"retry:{number}", "retry", retry)
        case CancelChild(id=child):
            return entry(f"cancel:{number}", "cancel", child)
        case LookAgain(wait=wait):
            return entry(f"look:{number}", "look", wait)
        case ItemChanged():
            return entry(f"assign:{number}", "assign", Assignment(effect.wait, effect.assignee))


def _order(instance: Instance, effect: StartChild) -> ChildOrder:
    return ChildOrder(
        id=effect.id,
        parent=instance.id,
        workflow=effect.workflow,
        version=effect.version,
        input=effect.input,
        fragment=effect.fragment,
        root=instance.family if effect.fragment is not None else None,
        depth=instance.depth + 1,
        tenant=instance.tenant,
        priority=instance.priority,
        correlation_id=instance.correlation_id,
        rules=None if effect.fragment is None else instance.rules or {},
    )


def of_end(instance: Instance, status: str, output: Any, reason: dict[str, Any] | None, number: int) -> OutboxEntry:
    """The parent is told of this end."""
    assert instance.parent is not None
    body = ChildEnd(parent=instance.parent, status=status, output=output, reason=reason, number=number)
    return entry(f"parent:{number}", "parent", body)


# --- waits ------------------------------------------------------------------------------------------------------------


def open_waits(machine: Machine) -> list[OpenWait]:
    """What the document shows of the waits, so that events and answers find them."""
    spills = machine.state.spills
    found: list[OpenWait] = []
    for path, live in machine.state.live.items():
        wait = live.wait
        if wait is not None:
            found.append(OpenWait(wait.id, wait.kind, path, wait.name, wait.key, wait.since, spills))
        found += [OpenWait(child, "child", path, machine.program.id, spills=spills) for child in live.children.values()]
    return found


def of_waits(
    instance: Instance, machine: Machine, before: Sequence[OpenWait], now: Sequence[OpenWait]
) -> list[OutboxEntry]:
    """What follows from waits that were opened and closed since the document was last written."""
    old, new = {wait.id for wait in before}, {wait.id for wait in now}
    entries: list[OutboxEntry] = []
    for wait in now:
        if wait.id in old:
            continue
        if wait.kind == "event":
            entries.append(entry(f"look:{wait.id}", "look", wait.id))
        elif wait.kind != "child":
            entries.append(entry(f"open:{wait.id}", "open", _item(instance, machine, wait)))
    gone = [wait.id for wait in before if wait.id not in new and wait.kind in ("user", "activity")]
    return entries + [entry(f"close:{wait_id}", "close", wait_id) for wait_id in gone]


def _item(instance: Instance, machine: Machine, wait: OpenWait) -> WorkItem:
    live: NodeState = machine.state.live[wait.path]
    assert live.wait is not None
    config = machine.context.deref(live.config)
    return WorkItem(
        id=wait.id,
        tenant=instance.tenant,
        kind="user" if wait.kind == "user" else "activity",
        name=wait.name,
        instance_id=instance.id,
        workflow_id=instance.workflow_id,
        path=wait.path,
        priority=instance.priority,
        assignee=live.wait.assignee,
        detail=msgspec.json.encode(config).decode(),
        created_at=machine.state.now,
        due_at=live.deadline,
        heartbeat_ms=config.get("heartbeat"),
    )
