"""How often a caller may ask, over all processes: in general, and for starts of one workflow (WR-7)."""

from __future__ import annotations

import threading

from reactory.exceptions import RateLimitedError, UnavailableError
from reactory.observability import logger
from reactory.ports.buckets import Buckets, Rate
from reactory.ports.clock import Clock
from reactory.settings import RateLimit, RateLimits

SILENCE = 60.0
"""Seconds between two lines of the log that say the same."""

_LOG = logger(__name__)


class RateLimiter:
    """Refuses with RateLimitedError. Where the counters cannot be reached, all may pass, and the log says so."""

    def __init__(self, limits: RateLimits, buckets: Buckets, clock: Clock) -> None:
        self._limits = limits
        self._buckets = buckets
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_until = float("-inf")

    def check_request(self, tenant: str, client: str) -> None:
        """One request of whatever kind; ``client`` is the authenticated caller, or the address that it comes from."""
        self._take(tenant, f"api:{client}", self._limits.general, "requests")

    def check_start(self, tenant: str, workflow: str, caller: str) -> None:
        """One start of ``ns.Name``, in whichever version."""
        self._take(tenant, f"start:{workflow}:{caller}", self._limits.start, f"starts of {workflow}")

    def _take(self, tenant: str, key: str, limit: RateLimit | None, what: str) -> None:
        if limit is None:
            return
        now = self._clock.now()
        try:
            again = self._buckets.take(tenant, key, Rate(limit.limit, limit.per * 1_000), now)
        except UnavailableError as error:
            self._complain(error)
            return
        if again is not None:
            seconds = max(1, -(-(again - now) // 1_000))
            raise RateLimitedError(
                f"more than {limit.limit} {what} within {limit.per} s; try again in {seconds} s "
                "(or raise REACTORY_RATE_LIMITS)",
                retry_after=seconds,
            )

    def _complain(self, error: UnavailableError) -> None:
        with self._lock:
            now = self._clock.monotonic()
            if now < self._quiet_until:
                return
            self._quiet_until = now + SILENCE
        _LOG.warning("rate limits are not checked", error=error.message)
