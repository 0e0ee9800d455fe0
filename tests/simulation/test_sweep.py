"""Workers that die at every single call of a port, and at every pair of calls, of a few small flows."""

from __future__ import annotations

import pytest

from tests.simulation.bugs import planted
from tests.simulation.flows import FLOWS, Flow
from tests.simulation.sweep import pairs, singles, spoilt

PAIRS = 60


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_crash_at_any_call_changes_nothing(flow: Flow) -> None:
    """WH-1, WH-3: a worker may die before and after every call: the flow ends as if it had not, and all invariants hold."""
    crashes = list(singles(flow))
    assert len(crashes) > 15
    assert not spoilt(flow, crashes)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_two_crashes_at_any_two_calls_change_nothing(flow: Flow) -> None:
    """WH-1, WH-3: the same for pairs, the second among the calls of whoever recovers: here so many of them, evenly spread;
    ``python -m tests.simulation --sweep`` tries them all.
    """
    crashes = [both for (first,) in list(singles(flow))[::3] for both in pairs(flow, first)]
    assert len(crashes) > PAIRS
    assert not spoilt(flow, crashes[:: len(crashes) // PAIRS])


@pytest.mark.parametrize("bug", ["outbox cleared before publish", "owed news are not due"])
def test_the_sweep_finds_what_one_crash_shows(bug: str) -> None:
    """The sweep itself is tested: an engine that forgets its news when it dies at the wrong moment does not pass."""
    flow = FLOWS[0]
    with planted(bug):
        assert spoilt(flow, singles(flow))
