"""delay: sleeps without costing anything (YF-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.program import DelayConfig, Duration, Node
from reactory.exceptions import ExpressionError
from reactory.kernel import times
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, DelayConfig)
    now = machine.state.now
    due = _due(config, path, scope, now)
    if due - now > times.LONGEST:
        raise ExpressionError(f"delay '{path}' is longer than a hundred years: durations are milliseconds")
    live.status, live.phase = "SLEEPING", ""
    live.total = max(0, due - now)
    live.due = max(due, now)
    if node.timeout is not None and node.timeout < live.total:
        live.deadline = now + node.timeout


def _due(config: DelayConfig, path: str, scope: KernelScope, now: int) -> int:
    if config.until is not None:
        return times.instant(config.until.render(scope), f"until of '{path}'")
    return now + times.length(Duration(config.duration, config.duration_text), scope, f"duration of '{path}'")


def wake(machine: Machine, path: str, live: NodeState) -> None:
    """It is over."""
    live.status, live.ended = "RUNNING", True
    live.output = {"delayDuration": live.total, "actualDuration": machine.state.now - live.started}
    machine.enqueue(path, "end")
