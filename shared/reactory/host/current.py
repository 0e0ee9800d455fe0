"""The machine of an instance as it is at this moment, for whoever only looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.definition.program import Program
from reactory.host.recovery import replay, restore, stored_facts
from reactory.host.values import fetch
from reactory.kernel.facts import decode_fact
from reactory.kernel.machine import Machine
from reactory.ports.blobs import Blobs
from reactory.ports.store import Instance


def current(instance: Instance, program: Program, blobs: Blobs, env: Mapping[str, Any] | None = None) -> Machine:
    """The machine with the journal and the inbox applied."""
    machine = restore(instance, program, env or {})
    inbox = [decode_fact(entry.fact) for entry in instance.inbox]
    for ref in replay(machine, [*stored_facts(machine, instance), *inbox]):
        if ref is not None:
            machine.context.values[ref["id"]] = fetch(blobs, ref, instance.id, machine.context.values)
    return machine
