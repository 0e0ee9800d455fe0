"""What each category of error asks for (EH-2 to EH-8): whether there is another attempt, and after which pause.

Without a declared ``retryPolicy`` each category has one of its own. A declared one sets attempts and pauses for all
categories that may be retried at all: a validation error never is, one of permission once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reactory.definition.policy import DEFAULT_RETRY, POLICIES, RetryPolicy
from reactory.kernel import backoff
from reactory.kernel.rules import BEFORE_STRATEGIES, Rules

if TYPE_CHECKING:
    from reactory.definition.program import Node
    from reactory.kernel.facts import ErrorInfo
    from reactory.kernel.state import NodeState

BY_CATEGORY: dict[str, RetryPolicy] = {
    "network": POLICIES["NETWORK"],
    "timeout": RetryPolicy(3, "linear", 1_000, 30_000),
    "permission": RetryPolicy(3, "fixed", 0, 0, jitter=False),
    "resource": RetryPolicy(5, "exponential", 5_000, 60_000, 2.0),
    "system": POLICIES["DEFAULT"],
    "unknown": POLICIES["CONSERVATIVE"],
}


def pause(rules: Rules, node: Node, live: NodeState, error: ErrorInfo, seed: str) -> int | None:
    """Milliseconds until the next attempt of a step whose last one failed with ``error``; None: there is none."""
    declared, tried = rules.declared(node), live.attempt - live.base
    if rules.edition == BEFORE_STRATEGIES:
        policy = declared or DEFAULT_RETRY
    else:
        if error.category == "validation" or (error.category == "permission" and live.refreshed):
            return None
        policy = declared or BY_CATEGORY.get(error.category, BY_CATEGORY["unknown"])
        if declared is None and rules.max_attempts is not None:
            policy = replace(policy, max_attempts=rules.max_attempts)
        if declared is None and error.category == "permission":
            tried = 1  # once, whatever has failed before
    if not backoff.may_retry(policy, error, tried):
        return None
    return backoff.delay(policy, tried, error.retry_after, seed)
