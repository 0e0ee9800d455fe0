"""Retry and error policies as a document declares them (formats.md, "retryPolicy" and "Errors and compensation")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Backoff = Literal["fixed", "linear", "exponential"]
ErrorPolicy = Literal["retry", "suspend", "terminate", "compensate"]
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


DEFAULT_RETRY = RetryPolicy()
