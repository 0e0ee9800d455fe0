"""Which error is tried again, when, and under which rules: pure decisions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactory.definition.policy import DEFAULT_RETRY, NamedPolicy, RetryPolicy
from reactory.definition.program import EndConfig, Node
from reactory.kernel.backoff import LONGEST_WAIT, delay, may_retry
from reactory.kernel.facts import ErrorInfo
from reactory.kernel.rules import RULES, Rules
from reactory.kernel.severity import CATEGORIES
from reactory.kernel.state import NodeState
from reactory.kernel.strategies import BY_CATEGORY, pause

LEGACY = Rules()
POLICIES = st.one_of(
    st.none(),
    st.builds(
        RetryPolicy,
        max_attempts=st.integers(1, 10),
        initial_delay=st.integers(0, 10**6),
        max_delay=st.integers(0, 10**6),
        jitter=st.booleans(),
    ),
)
ERRORS = st.builds(
    ErrorInfo,
    type=st.just("SomeError"),
    message=st.just("no"),
    category=st.sampled_from(CATEGORIES),
    retryable=st.booleans(),
    retry_after=st.one_of(st.none(), st.integers(0, 10**10)),
)


def node(policy: Any = None, **more: Any) -> Node:
    return Node("a", "task", EndConfig(), retry=policy, own_retry=policy is not None, **more)


def state(attempt: int, **more: Any) -> NodeState:
    return NodeState(block="", index=0, attempt=attempt, **more)


@given(policy=POLICIES, error=ERRORS, attempt=st.integers(1, 12), refreshed=st.booleans())
def test_the_bounds_hold_whatever_is_declared(
    policy: RetryPolicy | None, error: ErrorInfo, attempt: int, refreshed: bool
) -> None:
    """EH-4, EH-5, EH-6, EH-9: validation never, permission once, what says so never, attempts as declared, a day at most."""
    found = pause(RULES, node(policy), state(attempt, refreshed=refreshed), error, "seed")
    most = policy or BY_CATEGORY.get(error.category)
    if error.category == "validation" or not error.retryable or (error.category == "permission" and refreshed):
        assert found is None
    if found is not None:
        assert most is not None
        assert attempt < most.max_attempts or (policy is None and error.category == "permission")
        assert min(error.retry_after or 0, LONGEST_WAIT) <= found <= max(LONGEST_WAIT, most.max_delay * 1.1 + 1)
        assert found == pause(RULES, node(policy), state(attempt, refreshed=refreshed), error, "seed")


@given(policy=POLICIES, error=ERRORS, attempt=st.integers(1, 12))
def test_an_instance_from_before_is_replayed_as_it_was(
    policy: RetryPolicy | None, error: ErrorInfo, attempt: int
) -> None:
    """WH-18, EH-8: without pinned rules every category is retried alike: by the declared policy, else by the default one."""
    used = policy or DEFAULT_RETRY
    expected = delay(used, attempt, error.retry_after, "seed") if may_retry(used, error, attempt) else None
    assert pause(LEGACY, node(policy), state(attempt), error, "seed") == expected


@pytest.mark.parametrize("category", [name for name in CATEGORIES if name != "validation"])
def test_attempts_count_from_the_last_retry_of_an_operator(category: str) -> None:
    """LC-14, EH-9: after it a step has all its attempts again."""
    error = ErrorInfo("SomeError", "no", category=category)
    assert pause(RULES, node(), state(7, base=6), error, "") is not None


def test_a_named_policy_is_that_of_the_instance_s_start() -> None:
    """EH-10: with what the document changes of it; one that was not pinned counts as the default."""
    bank = RetryPolicy(max_attempts=7, initial_delay=3)
    rules = Rules(2, {"BANK": bank})
    named = node(NamedPolicy("BANK", {"max_attempts": 2}))
    assert rules.declared(named) == RetryPolicy(max_attempts=2, initial_delay=3)
    assert RULES.declared(named) == RetryPolicy(max_attempts=2)


def test_an_override_spares_sagas_and_steps_of_their_own_mind() -> None:
    """EH-10: it stands in the place of the workflow's policy and attempts, nowhere else."""
    inherited = Node("a", "task", EndConfig(), retry=RetryPolicy(max_attempts=5))
    rules = Rules(2, policy=RetryPolicy(max_attempts=9, initial_delay=1), max_attempts=1)
    assert rules.declared(inherited) == RetryPolicy(max_attempts=1, initial_delay=1)
    assert rules.declared(node(RetryPolicy(max_attempts=5))) == RetryPolicy(max_attempts=5)
    assert rules.declared(Node("s", "saga", EndConfig())) is None
