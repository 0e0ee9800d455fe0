"""Small flows with a crash at every point, and with every pair of crashes."""

from __future__ import annotations

import pytest

from tests.simulation.sweep import FLOWS, sweep


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("flow", FLOWS)
def test_every_crash_is_survived(flow: str, pairs: bool) -> None:
    """WH-1, WH-3, WH-4: a worker that dies before or after any call of a port, once or twice: all rules hold."""
    swept = sweep(flow, pairs=pairs)
    assert swept.broken == []
    assert swept.runs > (100 if pairs else 10)
