"""recur: a body once per interval, until a condition holds; what follows waits for that (WH-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.expression import truthy
from reactory.definition.program import Node, RecurConfig
from reactory.kernel import times
from reactory.kernel.nodes import container
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, RecurConfig)
    if truthy(config.until.evaluate(scope)):
        machine.conclude(path, live, {"iterations": live.cursor})
        return
    interval = times.bounded(config.interval, scope, f"interval of '{path}'", texts=True)
    container.begin(machine, node, live)
    live.due = machine.state.now + interval
    number, live.cursor = live.cursor, live.cursor + 1
    container.open_child(machine, live, f"{path}[{number}]", config.body)


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    start(machine, path, node, live, KernelScope(machine, live.block))


def wake(machine: Machine, path: str, live: NodeState) -> None:
    """The interval is over; a round that still runs is not overtaken."""
    if not live.open:
        live.status = "RUNNING"
        machine.enqueue(path, "next")


def child_done(machine: Machine, path: str, live: NodeState, key: str) -> None:
    live.open -= 1
    machine.close_block(key)
    if live.due is None:
        machine.enqueue(path, "next")
    else:
        live.status = "SLEEPING"
