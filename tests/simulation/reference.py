"""The undisturbed run: the kernel alone, one thing after the other, every step as the workload has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from reactory.definition.program import Program
from reactory.host.recovery import restore, settle_down
from reactory.host.values import fetch
from reactory.kernel.effects import RunStep, StartChild
from reactory.kernel.facts import Answered, Begin, ChildEnded, EventArrived, Fact, Failed, Succeeded, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.nodes.distributed import part_output
from reactory.kernel.records import Record
from reactory.kernel.timers import next_timer
from reactory.ports.blobs import Blobs
from reactory.ports.store import Instance
from reactory.steps.errors import describe_error
from tests.simulation.workload import FateError, payload, perform

Programs = Callable[[Instance], Program]


def undisturbed(
    instance: Instance, programs: Programs, blobs: Blobs, values: dict[str, Any] | None = None
) -> tuple[Machine, list[Record]]:
    """The machine of the instance at its end, and the records on the way. ``values`` are those out of line, shared by a
    family. ``programs`` gives the program of an instance.
    """
    machine = restore(instance, programs(instance), {}, values)
    _tell(machine, blobs, Begin(instance.created_at))
    while True:
        effects, machine.effects = machine.effects, []
        running = [effect for effect in effects if isinstance(effect, RunStep)]
        for effect in running:
            _tell(machine, blobs, _perform(machine, effect))
        children = [effect for effect in effects if isinstance(effect, StartChild)]
        for child in children:
            _bring_up(machine, instance, child, programs, blobs)
        if running or children or machine.effects:
            continue
        if _answer(machine, blobs):
            continue
        due = next_timer(machine.state)
        if due is None:
            return machine, machine.records
        _tell(machine, blobs, Tick(due))


def _tell(machine: Machine, blobs: Blobs, fact: Fact) -> None:
    machine.apply(fact)
    values = machine.context.values
    for ref in settle_down(machine):
        if ref is not None:
            values[ref["id"]] = fetch(blobs, ref, machine.context.owner, values)


def _answer(machine: Machine, blobs: Blobs) -> bool:
    """Do what is waited for, once; whether anything was."""
    state = machine.state
    wait = next(
        (live.wait for live in state.live.values() if live.wait is not None and live.wait.kind != "child"), None
    )
    if wait is None:
        return False
    if wait.kind == "event":
        key = wait.key or "k"
        _tell(
            machine,
            blobs,
            EventArrived(f"for {wait.id}", wait.name, key, state.now, state.now, payload(wait.name, key)),
        )
    elif wait.kind == "user":
        _tell(machine, blobs, Answered(wait.id, state.now, {"action": "approve", "user": "ann", "data": None}))
    else:
        config = next(live.config for live in state.live.values() if live.wait is wait)
        _tell(machine, blobs, Answered(wait.id, state.now, machine.context.deref(config)["parameters"]))
    return True


def _bring_up(machine: Machine, parent: Instance, order: StartChild, programs: Programs, blobs: Blobs) -> None:
    """A child from its beginning to its end, of which its parent is told if it waits."""
    name, _, _ = order.workflow.partition("@")
    child = replace(
        parent,
        id=order.id,
        workflow_id=name,
        version=order.version or "1.0.0",
        parent=parent.id,
        root=None if order.fragment is None else parent.root or parent.id,
        fragment=order.fragment,
        input=msgspec.json.encode(order.input).decode(),
        state=None,
    )
    other, _ = undisturbed(child, programs, blobs, machine.context.values)
    state = other.state
    output = part_output(other) if order.fragment is not None and state.status == "FAILED" else state.output
    _tell(machine, blobs, ChildEnded(order.id, state.status, machine.state.now, output, number=state.moves))


def _perform(machine: Machine, effect: RunStep) -> Fact:
    now = machine.state.now
    given = machine.context.deref(effect.input) or {}
    try:
        output = perform(effect.path, effect.attempt, effect.generation, **given)
    except FateError as error:
        return Failed(effect.path, effect.attempt, describe_error(error), now, now, effect.generation)
    return Succeeded(effect.path, effect.attempt, now, now, output, effect.generation)
