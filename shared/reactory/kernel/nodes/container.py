"""What all containers share: opening a block, counting it off, taking its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import Block, Node
from reactory.kernel import tree
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def begin(machine: Machine, node: Node, live: NodeState) -> None:
    """A container begins to run; its timeout covers all of it."""
    live.status, live.phase = "RUNNING", ""
    if live.deadline is None:
        live.deadline = tree.deadline(machine, node)


def open_child(machine: Machine, live: NodeState, key: str, block: Block) -> None:
    live.open += 1
    machine.open_block(key, block)


def result_of(machine: Machine, key: str, block: Block) -> Any:
    """A block's result: the output of its last step in document order (None if that was skipped)."""
    if not block.nodes:
        return None
    return machine.state.frames[machine.frame_key(key)].outs.get(block.nodes[-1].id)


def fail_child(live: NodeState) -> None:
    """Count a block that cannot go on."""
    live.open -= 1
    live.failed += 1
