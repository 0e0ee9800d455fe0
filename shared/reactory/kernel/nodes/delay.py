"""delay: sleeps without costing anything (YF-7)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from reactory.definition.duration import parse_duration
from reactory.definition.program import DelayConfig, Node
from reactory.exceptions import ExpressionError
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

LONGEST = 100 * 366 * 24 * 3600 * 1000
"""A hundred years, in milliseconds: what is longer is a mistake, and no date can hold it."""


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, DelayConfig)
    now = machine.state.now
    due = _due(config, path, scope, now)
    if due - now > LONGEST:
        raise ExpressionError(f"delay '{path}' is longer than a hundred years: durations are milliseconds")
    live.status, live.phase = "SLEEPING", ""
    live.total = max(0, due - now)
    live.due = max(due, now)


def _due(config: DelayConfig, path: str, scope: KernelScope, now: int) -> int:
    if config.until is not None:
        return parse_time(config.until.render(scope), path)
    if config.duration_text is not None:
        return now + parse_duration(str(config.duration_text.render(scope)))
    value: Any = None if config.duration is None else config.duration.render(scope)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ExpressionError(f"duration of '{path}' must be a number of milliseconds, not {value!r}")
    return now + int(value)


def parse_time(value: Any, path: str) -> int:
    """An RFC 3339 time, or milliseconds since the epoch, as milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ExpressionError(f"until of '{path}' must be a time like 2030-01-31T08:00:00Z, not {value!r}") from None
    if moment.tzinfo is None:
        raise ExpressionError(f"until of '{path}' must name its offset, like 2030-01-31T08:00:00Z, not {value!r}")
    return round(moment.timestamp() * 1000)
