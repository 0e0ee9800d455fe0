"""The machine of an instance as it is at this moment, for whoever only looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.definition.program import Program
from reactory.host.recovery import Wanted, replay, restore, stored_facts
from reactory.host.values import fetch
from reactory.kernel.facts import decode_fact
from reactory.kernel.machine import Machine
from reactory.ports.blobs import Blobs
from reactory.ports.store import Instance

PATIENCE = 20
"""Slices of a computation (500 nodes each) that a look at an instance waits for."""


def current(instance: Instance, program: Program, blobs: Blobs, env: Mapping[str, Any] | None = None) -> Machine:
    """The machine with the journal and the inbox applied. A very long computation is followed for a part of its way."""
    machine = restore(instance, program, env or {})
    patience = PATIENCE
    inbox = [decode_fact(entry.fact) for entry in instance.inbox]
    for ref in replay(machine, [*stored_facts(machine, instance), *inbox]):
        if ref is None:
            patience -= 1
            if not patience:
                break
        elif isinstance(ref, Wanted):  # whoever only looks sees it as the version that it was until it has moved
            machine.context.programs[ref.version, ref.fingerprint] = machine.program
        else:
            machine.context.values[ref["id"]] = fetch(blobs, ref, instance.family, machine.context.values)
    return machine
