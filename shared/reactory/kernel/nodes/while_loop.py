"""while: one block after the other, as long as the condition holds. Its steps write to the surrounding frame, so the
condition, and what comes after the loop, see the outputs of the last round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.expression import truthy
from reactory.definition.program import Node, WhileConfig
from reactory.kernel import failures
from reactory.kernel.facts import ErrorInfo
from reactory.kernel.nodes import container
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    _round(machine, path, node, live, scope)


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    _round(machine, path, node, live, KernelScope(machine, live.block))


def _round(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, WhileConfig)
    if not truthy(config.condition.evaluate(scope)):
        machine.conclude(path, live, {"iterations": live.cursor})
        return
    if live.cursor >= config.max_iterations:
        message = f"'{path}' reached maxIterations {config.max_iterations} and its condition still holds: raise the limit or mend the condition"
        failures.node_failed(
            machine,
            path,
            live,
            ErrorInfo("MaxIterationsError", message, "max_iterations", "validation", retryable=False),
        )
        return
    container.begin(machine, node, live)
    number, live.cursor = live.cursor, live.cursor + 1
    container.open_child(machine, live, f"{path}[{number}]", config.body)


def child_done(machine: Machine, path: str, live: NodeState, key: str) -> None:
    live.open -= 1
    machine.close_block(key)
    machine.enqueue(path, "next")
