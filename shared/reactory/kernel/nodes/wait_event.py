"""wait_event and emit_event: what instances and the world tell each other (WH-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.program import EmitEventConfig, Node, WaitEventConfig
from reactory.exceptions import ExpressionError
from reactory.kernel import paths, times, waits
from reactory.kernel.effects import Emit
from reactory.kernel.nodes import text
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState, Wait

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, WaitEventConfig)
    name = text.label(text.name(config.name, scope, f"eventName of '{path}'"), f"eventName of '{path}'")
    key = None if config.key is None else text.key(config.key, scope, f"eventKey of '{path}'")
    since = machine.context.created
    if config.since is not None and (given := config.since.render(scope)) is not None:
        since = times.instant(given, f"effectiveDate of '{path}'")
    waits.open_wait(machine, path, live, Wait(waits.new_id(machine), "event", name, key, since), config.timeout)


def emit(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, EmitEventConfig)
    name = text.label(text.name(config.name, scope, f"eventName of '{path}'"), f"eventName of '{path}'")
    key = "" if config.key is None else text.key(config.key, scope, f"eventKey of '{path}'")
    text.label(key, f"eventKey of '{path}'")
    if key.startswith(waits.SIGNAL):
        raise ExpressionError(f"eventKey of '{path}' must not begin with @: such keys are for signals to one instance")
    data = config.data.render(scope)
    event_id = f"{machine.context.instance_id}/{paths.execution(path, live.generation)}"
    machine.effects.append(Emit(event_id, name, key, machine.context.whole(data), machine.state.now))
    machine.conclude(path, live, {"eventId": event_id})
