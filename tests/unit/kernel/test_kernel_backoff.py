"""When a failed attempt is tried again: pure arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactory.definition.policy import Backoff, RetryPolicy
from reactory.kernel.backoff import JITTER, delay, may_retry
from reactory.kernel.facts import ErrorInfo

ERROR = ErrorInfo("ValueError", "no", "step_failed", "unknown")
BACKOFFS: list[Backoff] = ["fixed", "linear", "exponential"]


@given(
    policy=st.builds(
        RetryPolicy,
        max_attempts=st.just(10),
        backoff=st.sampled_from(BACKOFFS),
        initial_delay=st.integers(0, 10**12),
        max_delay=st.integers(0, 10**12),
        multiplier=st.floats(1, 1000),
        jitter=st.just(True),
    ),
    failures=st.integers(1, 10),
    seed=st.text(),
)
def test_jitter_only_adds_and_at_most_a_tenth(policy: RetryPolicy, failures: int, seed: str) -> None:
    """YF-6, EH-2: jitter lengthens a pause by up to 10 %, is the same for the same attempt, and never overflows."""
    base, found = delay(replace(policy, jitter=False), failures, None, seed), delay(policy, failures, None, seed)
    assert base <= policy.max_delay
    assert base - 1 <= found <= base * (1 + JITTER) + 1
    assert found == delay(policy, failures, None, seed)


def test_jitter_spreads_instances() -> None:
    """EH-2: instances that fail together do not all come back together."""
    found = {delay(RetryPolicy(), 1, None, f"instance-{n}/pay/1") for n in range(200)}
    assert len(found) > 80
    assert max(found) - min(found) > 80


@given(failures=st.integers(1, 9))
def test_pauses_never_shrink(failures: int) -> None:
    """EH-2, EH-3: a later pause is at least as long as an earlier one."""
    for backoff in BACKOFFS:
        policy = RetryPolicy(10, backoff, 1000, 30_000, 2.0, jitter=False)
        assert delay(policy, failures, None, "") <= delay(policy, failures + 1, None, "")


@pytest.mark.parametrize(("wish", "expected"), [(None, 1000), (0, 1000), (500, 1000), (90_000, 90_000)])
def test_the_other_sides_wish_is_a_lower_bound(wish: int | None, expected: int) -> None:
    """EH-6: retry_after holds the next attempt back, also beyond maxDelay, and never brings it forward."""
    assert delay(RetryPolicy(jitter=False), 1, wish, "") == expected


@pytest.mark.parametrize(
    ("most", "failures", "allowed"), [(1, 1, False), (2, 1, True), (2, 2, False), (10, 9, True), (10, 10, False)]
)
def test_max_attempts_counts_the_first(most: int, failures: int, allowed: bool) -> None:
    """EH-9: maxAttempts is the number of attempts in all."""
    assert may_retry(RetryPolicy(max_attempts=most), ERROR, failures) is allowed


def test_an_error_that_cannot_be_cured_is_not_retried() -> None:
    """EH-4: an error that is not retryable ends the attempts whatever the policy names."""
    policy = RetryPolicy(max_attempts=9, retry_on_errors=("ValueError",))
    assert not may_retry(policy, ErrorInfo("ValueError", "no", retryable=False), 1)
