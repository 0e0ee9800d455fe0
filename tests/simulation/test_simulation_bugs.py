"""The simulator finds bugs: each of those that are planted breaks a rule within the seeds that the tests run."""

from __future__ import annotations

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.campaign import run

SEEDS = 2000


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    """DESIGN, "Simulation": planted bugs prove that the simulator finds bugs."""
    assert run(range(SEEDS), jobs=2, bug=bug, until_failed=True).failed
