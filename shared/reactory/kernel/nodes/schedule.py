"""schedule: a body that runs later, while what follows goes on at once; the instance ends after the body (WH-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.program import Node, ScheduleConfig
from reactory.kernel import times
from reactory.kernel.nodes import container
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, ScheduleConfig)
    after = times.bounded(config.after, scope, f"duration of '{path}'")
    live.status, live.phase = "SLEEPING", ""
    live.total, live.due = after, machine.state.now + after
    machine.state.frames[machine.frame_key(live.block)].stat[node.id] = "SLEEPING"
    machine.release(live)


def wake(machine: Machine, path: str, live: NodeState) -> None:
    """The time of the body has come."""
    node = machine.node(path)
    config = node.config
    assert isinstance(config, ScheduleConfig)
    live.cursor = 1
    container.begin(machine, node, live)
    live.output = {"delayDuration": live.total, "actualDuration": machine.state.now - live.started}
    container.open_child(machine, live, f"{path}:steps", config.body)
