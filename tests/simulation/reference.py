"""The undisturbed run: the kernel alone, one thing after the other, every step as the workload has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from reactory.definition.program import Program
from reactory.host.recovery import restore
from reactory.kernel.effects import RunStep, StartChild
from reactory.kernel.facts import Answered, Begin, ChildEnded, EventArrived, Fact, Failed, Succeeded, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.nodes.distributed import part_output
from reactory.kernel.records import Record
from reactory.kernel.timers import next_timer
from reactory.ports.store import Instance
from reactory.steps.errors import describe_error
from tests.simulation.workload import payload, perform


Programs = Callable[[Instance], Program]


def undisturbed(
    instance: Instance, programs: Programs, values: dict[str, Any] | None = None
) -> tuple[Machine, list[Record]]:
    """The machine of the instance at its end, and the records on the way. ``values`` are those out of line, shared by a
    family. ``programs`` gives the program of an instance.
    """
    machine = restore(instance, programs(instance), {}, values)
    _tell(machine, Begin(instance.created_at))
    while True:
        effects, machine.effects = machine.effects, []
        running = [effect for effect in effects if isinstance(effect, RunStep)]
        for effect in running:
            _tell(machine, _perform(machine, effect))
        children = [effect for effect in effects if isinstance(effect, StartChild)]
        for child in children:
            _bring_up(machine, instance, child, programs)
        if running or children or machine.effects:
            continue
        if _answer(machine):
            continue
        due = next_timer(machine.state)
        if due is None:
            return machine, machine.records
        _tell(machine, Tick(due))


def _tell(machine: Machine, fact: Fact) -> None:
    machine.apply(fact)
    while not machine.drain():
        pass


def _answer(machine: Machine) -> bool:
    """Do what is waited for, once; whether anything was."""
    state = machine.state
    wait = next((live.wait for live in state.live.values() if live.wait is not None and live.wait.kind != "child"), None)
    if wait is None:
        return False
    if wait.kind == "event":
        key = wait.key or "k"
        _tell(machine, EventArrived(f"for {wait.id}", wait.name, key, state.now, state.now, payload(wait.name, key)))
    elif wait.kind == "user":
        _tell(machine, Answered(wait.id, state.now, {"action": "approve", "user": "ann", "data": None}))
    else:
        config = next(live.config for live in state.live.values() if live.wait is wait)
        _tell(machine, Answered(wait.id, state.now, machine.context.deref(config)["parameters"]))
    return True


def _bring_up(machine: Machine, parent: Instance, order: StartChild, programs: Programs) -> None:
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
    other, _ = undisturbed(child, programs, machine.context.values)
    state = other.state
    output = part_output(other) if order.fragment is not None and state.status == "FAILED" else state.output
    _tell(machine, ChildEnded(order.id, state.status, machine.state.now, output, number=state.moves))


def _perform(machine: Machine, effect: RunStep) -> Fact:
    now = machine.state.now
    given = machine.context.deref(effect.input) or {}
    try:
        output = perform(effect.path, effect.attempt, effect.generation, **given)
    except ValueError as error:
        return Failed(effect.path, effect.attempt, describe_error(error), now, now, effect.generation)
    return Succeeded(effect.path, effect.attempt, now, now, output, effect.generation)
