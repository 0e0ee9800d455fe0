"""Circuit breakers that all processes share (CB-1 to CB-8). A breaker is known by tenant and key (``host:api.acme.com``).

All times are milliseconds since the epoch, by the clock of whoever asks. Every decision is one conditional update, so
that no two processes are given the same permit. A breaker is known from its first failure on; one that is not known is
closed. Errors of every method: CountersUnavailableError; the caller lets the call pass then, and says so.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

BreakerState = Literal["closed", "open", "half_open"]


class BreakerRules(msgspec.Struct, frozen=True):
    """``failure_threshold`` failures within ``window_ms`` open it; after ``recovery_ms`` it is half open: at most
    ``half_open_calls`` calls are in flight then, and ``success_threshold`` successes close it.
    """

    failure_threshold: int = 5
    window_ms: int = 60_000
    recovery_ms: int = 60_000
    half_open_calls: int = 3
    success_threshold: int = 2


class Permit(msgspec.Struct, frozen=True):
    """One call may pass. ``round`` numbers the half-open trials, 0 for a call that passed while it was closed; what is
    reported for a round that is over changes nothing. ``failures`` were counted when it was given: with none, a success
    has nothing to reset (CB-5) and is not written.
    """

    tenant: str
    key: str
    round: int = 0
    failures: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """No call may pass before ``retry_at`` (CB-2)."""

    tenant: str
    key: str
    state: BreakerState
    retry_at: int


class BreakerChange(msgspec.Struct, frozen=True):
    """A breaker has moved; whoever moved it is told, once for all processes (CB-7)."""

    tenant: str
    key: str
    before: BreakerState
    after: BreakerState
    at: int


class Breaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """A breaker as it stands. ``failures`` counts since ``window_at``; ``in_flight`` and ``successes`` belong to the
    half-open round ``round``; ``changed_at`` is when it moved last.
    """

    tenant: str
    key: str
    state: BreakerState = "closed"
    failures: int = 0
    window_at: int = 0
    opened_at: int | None = None
    retry_at: int | None = None
    round: int = 0
    in_flight: int = 0
    successes: int = 0
    changed_at: int | None = None


class Breakers(Protocol):
    def ask(
        self, tenant: str, key: str, rules: BreakerRules, now: int, until: int
    ) -> tuple[Permit | Refusal, BreakerChange | None]:
        """Whether a call may pass, which is over by ``until`` at the latest: a half-open call of a process that died is
        no longer in flight then. The change is that from open to half open, if this call made it.
        """
        ...

    def report(self, permit: Permit, rules: BreakerRules, now: int, *, failed: bool) -> BreakerChange | None:
        """How the call ended. Only failures of the other side count: see CB-8."""
        ...

    def give_back(self, permit: Permit) -> None:
        """The call was not made, or says nothing about the other side: it is no longer in flight."""
        ...

    def get(self, tenant: str, key: str) -> Breaker | None: ...

    def reset(self, tenant: str, key: str, now: int) -> BreakerChange | None:
        """Close it and forget all counts. None where it was closed, or is not known."""
        ...

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, tenant: str, limit: int, after: str | None = None) -> list[Breaker]:
        """Those that are known, ordered by key, beginning behind the key ``after``. One that has not changed for a day may
        be missing, and what changed within the last second may be shown as it was before.
        """
        ...
