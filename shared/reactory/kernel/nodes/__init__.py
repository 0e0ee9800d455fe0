"""How each kind of node behaves: one file per kind, and the table that finds it.

A behaviour evaluates all that it needs before it changes anything, because a value that is kept out of line interrupts
it (``MissingValueSignal``) and it is then started again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reactory.definition.program import (
    BuiltinConfig,
    ConditionConfig,
    CustomConfig,
    DelayConfig,
    EndConfig,
    ForEachConfig,
    JoinConfig,
    LogConfig,
    Node,
    ParallelConfig,
    SetVariableConfig,
    StartConfig,
    SwitchConfig,
    TaskConfig,
    WhileConfig,
)
from reactory.kernel.nodes import branching, delay, for_each, leaf, marks, parallel, variable, while_loop
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

Start = Callable[["Machine", str, Node, NodeState, KernelScope], None]
GoOn = Callable[["Machine", str, Node, NodeState], None]
ChildMoved = Callable[["Machine", str, NodeState, str], None]

_START: dict[type, Start] = {
    StartConfig: marks.start_mark,
    EndConfig: marks.end_instance,
    JoinConfig: marks.join,
    TaskConfig: leaf.start,
    CustomConfig: leaf.start_custom,
    BuiltinConfig: leaf.start_builtin,
    LogConfig: marks.log,
    SetVariableConfig: variable.start,
    ConditionConfig: branching.start_condition,
    SwitchConfig: branching.start_switch,
    ParallelConfig: parallel.start,
    ForEachConfig: for_each.start,
    WhileConfig: while_loop.start,
    DelayConfig: delay.start,
}

_GO_ON: dict[type, GoOn] = {
    ForEachConfig: for_each.go_on,
    WhileConfig: while_loop.go_on,
    ParallelConfig: parallel.go_on,
}

_CHILD_DONE: dict[type, ChildMoved] = {
    ConditionConfig: branching.child_done,
    SwitchConfig: branching.child_done,
    ParallelConfig: parallel.child_done,
    ForEachConfig: for_each.child_done,
    WhileConfig: while_loop.child_done,
}

_CHILD_FAILED: dict[type, ChildMoved] = {
    ConditionConfig: branching.child_failed,
    SwitchConfig: branching.child_failed,
    ParallelConfig: parallel.child_failed,
    ForEachConfig: for_each.child_failed,
    WhileConfig: branching.child_failed,
}


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """Begin a node whose condition holds."""
    _START[type(node.config)](machine, path, node, live, scope)


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """The next round of a container."""
    _GO_ON[type(node.config)](machine, path, node, live)


def child_done(machine: Machine, path: str, key: str) -> None:
    """A block of the container ``path`` is through."""
    _CHILD_DONE[type(machine.node(path).config)](machine, path, machine.state.live[path], key)


def child_failed(machine: Machine, path: str, key: str) -> None:
    """A block of the container ``path`` cannot go on."""
    _CHILD_FAILED[type(machine.node(path).config)](machine, path, machine.state.live[path], key)
