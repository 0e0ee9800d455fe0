"""The undisturbed run: the kernel alone, one thing after the other, every step as the workload has it."""

from __future__ import annotations

from reactory.definition.program import Program
from reactory.host.recovery import restore
from reactory.kernel.effects import RunStep
from reactory.kernel.facts import Begin, Fact, Failed, Succeeded, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.records import Record
from reactory.kernel.timers import next_timer
from reactory.ports.store import Instance
from reactory.steps.errors import describe_error
from tests.simulation.workload import perform


def undisturbed(instance: Instance, program: Program) -> tuple[Machine, list[Record]]:
    """The machine of the instance at its end, and the records on the way."""
    machine = restore(instance, program, {})
    _tell(machine, Begin(instance.created_at))
    while True:
        effects, machine.effects = machine.effects, []
        running = [effect for effect in effects if isinstance(effect, RunStep)]
        for effect in running:
            _tell(machine, _perform(machine, effect))
        if running or machine.effects:
            continue
        due = next_timer(machine.state)
        if due is None:
            return machine, machine.records
        _tell(machine, Tick(due))


def _tell(machine: Machine, fact: Fact) -> None:
    machine.apply(fact)
    while not machine.drain():
        pass


def _perform(machine: Machine, effect: RunStep) -> Fact:
    now = machine.state.now
    try:
        output = perform(effect.path, effect.attempt, **(effect.input or {}))
    except ValueError as error:
        return Failed(effect.path, effect.attempt, describe_error(error), now, now)
    return Succeeded(effect.path, effect.attempt, now, now, output)
