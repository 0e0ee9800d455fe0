"""What may hold an attempt back, compiled: a circuit breaker, a rate, a limit of what runs at once (CB-1, EH-6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from reactory.definition.template import Template

MOST_AT_ONCE = 1000
"""The largest limit of what runs at once under one key."""

Target = Literal["step", "workflow", "host", "service"]
"""What a breaker without a key of its own is about."""

BREAKER_KEY = re.compile(r"(?!\.{1,2}\Z)[^/#?%\x00-\x1f\x7f]+\Z")
"""A breaker is looked at and reset by its key, as one segment of a path (CB-7)."""

BREAKER_KEY_RULE = (
    "must not contain `/`, `#`, `?`, `%` or control characters, nor be only dots: operators reach it by a URL"
)


@dataclass(frozen=True, slots=True)
class RateRule:
    """At most ``limit`` attempts within ``per`` milliseconds."""

    key: Template
    limit: int
    per: int


@dataclass(frozen=True, slots=True)
class SlotRule:
    """At most ``limit`` attempts at once."""

    key: Template
    limit: int


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """Without a ``key`` the breaker is that of the ``target``. Times are milliseconds (formats.md, "Defaults")."""

    target: Target
    key: Template | None = None
    failure_threshold: int = 5
    window: int = 60_000
    recovery_time: int = 60_000
    half_open_max_attempts: int = 3
    success_threshold: int = 2


@dataclass(frozen=True, slots=True)
class Guards:
    breaker: BreakerRule | None = None
    rate: RateRule | None = None
    slots: SlotRule | None = None
