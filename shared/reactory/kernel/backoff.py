"""When a failed step is tried again (YF-6, EH-2, EH-3): pure arithmetic, jitter included."""

from __future__ import annotations

import zlib

from reactory.definition.policy import RetryPolicy
from reactory.kernel.facts import ErrorInfo

JITTER = 0.10
"""Up to this part of the delay is added (formats.md, "Defaults")."""


LONGEST_WAIT = 86_400_000
"""Another side that asks for more time than a day does not get it (EH-6)."""


def may_retry(policy: RetryPolicy, error: ErrorInfo, failures: int) -> bool:
    """Whether attempt ``failures`` + 1 is allowed; ``maxAttempts`` counts the first one (EH-9)."""
    if not error.retryable or failures >= policy.max_attempts:
        return False
    wanted = policy.retry_on_errors
    return not wanted or error.type in wanted or error.code in wanted or error.category in {w.lower() for w in wanted}


def delay(policy: RetryPolicy, failures: int, retry_after: int | None, seed: str) -> int:
    """Milliseconds until the next attempt, after ``failures`` failed ones.

    Jitter spreads instances apart, yet must not differ when facts are replayed: it comes from a hash of ``seed``.
    """
    match policy.backoff:
        case "fixed":
            base: float = policy.initial_delay
        case "linear":
            base = policy.initial_delay * failures
        case "exponential":
            # bounded before the power, which would overflow for an absurd multiplier
            base = policy.initial_delay * min(policy.multiplier ** min(failures - 1, 64), 1e12)
    base = min(base, policy.max_delay)
    if policy.jitter:
        base *= 1 + JITTER * (zlib.crc32(seed.encode()) / 0xFFFFFFFF)
    return max(int(base), min(retry_after or 0, LONGEST_WAIT))
