"""The bodies with which people and external workers answer. A member that is not known is refused: it may be a misspelt one."""

from __future__ import annotations

from typing import Any

import msgspec


class _Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Field names outside are camelCase. Bounds are checked by the use cases, which every entry point shares."""


class TaskAnswer(_Body, frozen=True):
    """``action`` is one of the task's options, ``data`` fits its form, ``user`` is who answers: the caller, if left out."""

    action: str | None = None
    data: Any = None
    user: str | None = None


class Take(_Body, frozen=True):
    """Who takes how many; ``leaseMs`` is how long the worker may be silent."""

    worker: str
    count: int = 1
    lease_ms: int | None = None


class ActivityResult(_Body, frozen=True):
    result: Any = None


class ActivityFailure(_Body, frozen=True):
    """``error`` is ``{message, type, code, category, retryable, retryAfter}``; only ``message`` is needed."""

    error: dict[str, Any]


class Heartbeat(_Body, frozen=True):
    lease_ms: int | None = None
