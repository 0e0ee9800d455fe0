"""condition and switch: at most one block runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.expression import truthy
from reactory.definition.program import Block, ConditionConfig, Node, SwitchConfig
from reactory.kernel import failures, paths
from reactory.kernel.nodes import container
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start_condition(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, ConditionConfig)
    holds = truthy(config.condition.evaluate(scope))
    block = config.then if holds else config.otherwise
    choice = "then" if holds else "else"
    live.output = {"branch": choice}
    _open(machine, path, node, live, choice, block)


def start_switch(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, SwitchConfig)
    value = config.value.evaluate(scope)
    for number, case in enumerate(config.cases):
        if same(case.when.render(scope), value):
            live.output = {"case": value}
            _open(machine, path, node, live, f"case{number}", case.body)
            return
    live.output = {"case": None}
    _open(machine, path, node, live, "default", config.default)


def same(left: Any, right: Any) -> bool:
    """Equal as JSON values are: 1 is 1.0, but true is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _open(machine: Machine, path: str, node: Node, live: NodeState, choice: str, block: Block | None) -> None:  # noqa: PLR0917 - the behaviours' common parameters and its own two
    """Run the chosen block, if there is one; the output is in place already."""
    if block is None:
        machine.conclude(path, live, live.output)
        return
    container.begin(machine, node, live)
    container.open_child(machine, live, f"{path}:{choice}", block)


def child_done(machine: Machine, path: str, live: NodeState, key: str) -> None:
    live.open -= 1
    live.ended = True
    machine.close_block(key)
    machine.enqueue(path, "end")


def child_failed(machine: Machine, path: str, live: NodeState, key: str) -> None:
    assert paths.container(key) == path
    container.fail_child(live)
    failures.container_stuck(machine, path, live)
