"""How long an attempt may take (EH-3, EH-12): what is declared, or the default, and longer after each that timed out."""

from __future__ import annotations

from collections.abc import Sequence

from reactory.definition.policy import LONGEST_TIMEOUT, TimeoutPolicy
from reactory.definition.program import Node

USUAL = TimeoutPolicy("progressive")
"""Of a step that declares no ``timeoutPolicy``."""

FEWEST = 10
"""Samples without which nothing is concluded from durations."""


def time_limit(node: Node, timeouts: int, default: int, typical: int | None = None) -> int:
    """Milliseconds for the next attempt, after ``timeouts`` attempts that timed out. ``default`` counts where the step
    declares no timeout, ``typical`` is what its latest durations suggest.
    """
    policy = node.timeout_policy or USUAL
    base = node.timeout or default
    if policy.strategy == "fixed" or (not timeouts and typical is None):
        return base
    most = max(policy.max, base)
    if policy.strategy == "adaptive" and typical is not None:
        base = min(max(base, typical), most)
    return min(int(base * policy.multiplier**timeouts), most)


def typical_duration(durations: Sequence[int]) -> int | None:
    """Mean and twice the standard deviation; None where there are too few."""
    if len(durations) < FEWEST:
        return None
    from statistics import fmean, pstdev  # late: it takes ten milliseconds, and few steps are adaptive

    return min(int(fmean(durations) + 2 * pstdev(durations)), LONGEST_TIMEOUT * 1000)
