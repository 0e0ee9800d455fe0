"""delay: sleeps without costing anything (YF-7)."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from reactory.definition.duration import parse_duration
from reactory.definition.instant import parse_instant
from reactory.definition.program import DelayConfig, Node
from reactory.exceptions import ExpressionError, InvalidRequestError
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
    if node.timeout is not None and node.timeout < live.total:
        live.deadline = now + node.timeout


def _due(config: DelayConfig, path: str, scope: KernelScope, now: int) -> int:
    if config.until is not None:
        return _instant(config.until.render(scope), path)
    if config.duration_text is not None:
        return now + _parsed(parse_duration, config.duration_text.render(scope), f"durationText of '{path}'")
    value: Any = None if config.duration is None else config.duration.render(scope)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise ExpressionError(f"duration of '{path}' must be a number of milliseconds, not {value!r}")
    return now + int(value)


def _instant(value: Any, path: str) -> int:
    """An RFC 3339 time, or milliseconds since the epoch, as milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and -inf < value < inf:
        return int(value)
    return _parsed(parse_instant, value, f"until of '{path}'")


def _parsed(parse: Callable[[str], int], value: Any, what: str) -> int:
    try:
        return parse(value)
    except InvalidRequestError as error:
        raise ExpressionError(f"{what}: {error.message}") from None
