"""The general rate limit of every API: one bucket per caller, over all functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.runner.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from reactory.bootstrap import App

UNLIMITED = frozenset({"GET /health"})
"""Route keys of what monitors ask."""


class _Process:
    """The limiter and the App that it was made for."""

    app: App | None = None
    limiter: RateLimiter


_process = _Process()


def rate_limiter() -> RateLimiter:
    """The same one as long as the process's App stays the same."""
    from reactory.bootstrap import app

    current = app()
    if _process.app is not current:
        _process.limiter = RateLimiter(current.settings.rate_limits, current.buckets, current.clock)
        _process.app = current
    return _process.limiter
