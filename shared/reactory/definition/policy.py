"""Retry and error policies as a document declares them (formats.md, "retryPolicy" and "Errors and compensation")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Backoff = Literal["fixed", "linear", "exponential"]
ErrorPolicy = Literal["retry", "suspend", "terminate", "compensate"]
TimeoutStrategy = Literal["fixed", "progressive", "adaptive"]
LONGEST_TIMEOUT = 300_000
"""Milliseconds to which the time of an attempt grows by itself."""

Execution = Literal["at_least_once", "at_most_once"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays are milliseconds. ``max_attempts`` counts the first attempt (EH-9)."""

    max_attempts: int = 3
    backoff: Backoff = "exponential"
    initial_delay: int = 1000
    max_delay: int = 30000
    multiplier: float = 2.0
    jitter: bool = True
    retry_on_errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeoutPolicy:
    """How the time of an attempt is found (EH-3, EH-12). ``fixed`` never changes; ``progressive`` is multiplied after each
    attempt that timed out; ``adaptive`` also follows the latest durations. ``max`` is milliseconds.
    """

    strategy: TimeoutStrategy
    multiplier: float = 1.5
    max: int = LONGEST_TIMEOUT


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy that the configuration defines (EH-10), with what the document changes of it: fields of RetryPolicy."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)


DEFAULT_RETRY = RetryPolicy()

POLICY_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}\Z")

POLICIES: Mapping[str, RetryPolicy] = {
    "DEFAULT": DEFAULT_RETRY,
    "NETWORK": RetryPolicy(5, "exponential", 500, 60_000, 2.5),
    "CONSERVATIVE": RetryPolicy(2, "exponential", 5_000, 15_000, 1.5, jitter=False),
}
"""The policies that every document can name (EH-10; formats.md, "Defaults")."""
