"""An instance's machine made from its document: snapshot plus journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reactory.definition.program import Program
from reactory.kernel.context import Context
from reactory.kernel.effects import Load
from reactory.kernel.facts import Control, Fact, decode_fact
from reactory.kernel.machine import Machine
from reactory.kernel.rules import Rules
from reactory.kernel.snapshot import decode_state
from reactory.kernel.state import State
from reactory.ports.store import Instance

LEGACY = Rules()
"""Those of an instance that was started before rules were pinned."""


def restore(
    instance: Instance, program: Program, env: Mapping[str, Any], values: dict[str, Any] | None = None
) -> Machine:
    """The machine as the snapshot has it, before the journal is replayed. ``values`` are those loaded before."""
    state = State() if instance.state is None else decode_state(instance.state)
    context = Context(
        instance_id=instance.id,
        input=msgspec.json.decode(instance.input),
        tenant=instance.tenant,
        env=env,
        timeout=instance.timeout,
        created=instance.created_at,
        root=instance.root,
        fragment=instance.fragment,
        rules=LEGACY if instance.rules is None else msgspec.convert(instance.rules, Rules),
        values={} if values is None else values,
    )
    if instance.fragment is not None:
        program = program.fragment(instance.fragment)
    return Machine(program, state, context)


def stored_facts(machine: Machine, instance: Instance) -> list[Fact]:
    """The facts since the snapshot, in order; the snapshot's backlog is taken over by the caller."""
    backlog, machine.state.backlog = machine.state.backlog, []
    return [decode_fact(text) for text in (*backlog, *instance.journal)]


def replay(machine: Machine, facts: Iterable[Fact]) -> Iterator[dict[str, Any] | Wanted | None]:
    """Apply facts one after the other, each carried out to its end.

    Yields every reference that has to be loaded into ``machine.context.values`` before the next step of the iteration,
    every version of the definition that has to be put into ``machine.context.programs``, and None now and then in a long
    computation, for whoever has other things to do as well.
    """
    waiting = deque(facts)
    while waiting and isinstance(waiting[0], Control) and waiting[0].action not in _SETTLED:
        # a request that came first stops a computation that may go on for very long
        machine.apply(waiting.popleft())
    yield from settle_down(machine)
    for fact in waiting:
        if isinstance(fact, Control) and fact.action == "migrate":
            wanted = fact.version, fact.fingerprint
            if wanted not in machine.context.programs:
                yield Wanted(*wanted)
        machine.apply(fact)
        yield from settle_down(machine)


_SETTLED = frozenset({"rewind", "migrate"})
"""Requests that look at what has finished: all that follows from the facts before them has to be done first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version of the instance's definition that it moves to."""

    version: str
    fingerprint: str


def settle_down(machine: Machine) -> Iterator[dict[str, Any] | None]:
    """Drain until nothing is left to do; yields as ``replay`` does."""
    while not machine.drain():
        last = machine.effects[-1] if machine.effects else None
        if isinstance(last, Load):
            machine.effects.pop()
            yield last.ref
        else:
            yield None
