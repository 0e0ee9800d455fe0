"""start, end, join and log: steps that mark a place and need no body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.program import JoinConfig, LogConfig, Node
from reactory.kernel.effects import LogLine
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start_mark(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    del node, scope
    machine.conclude(path, live, None)


def end_instance(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """``end`` finishes the whole instance, wherever it stands (see ``Machine._end``)."""
    del node, scope
    machine.conclude(path, live, None)


def join(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """What it waited for is through (the block counted it): say which steps those were."""
    del scope
    config = node.config
    assert isinstance(config, JoinConfig)
    block = machine.block(live.block)
    frame = machine.state.frames[machine.frame_key(live.block)]
    before = [block.nodes[i].id for i in block.predecessors[live.index]]
    through = [step for step in before if frame.stat.get(step) not in (None, "CANCELLED")]
    machine.conclude(path, live, {"strategy": config.rule.strategy, "joined": through})


def log(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, LogConfig)
    message, data = config.message.render(scope), config.data.render(scope)
    text = message if isinstance(message, str) else str(message)
    machine.effects.append(LogLine(path, config.level, text, data))
    machine.conclude(path, live, {"message": text, "level": config.level})
