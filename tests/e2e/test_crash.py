"""Real worker processes are killed with SIGKILL while instances run on a real MongoDB.

This is the small one; ``python -m benchmarks --only crash`` kills 50 workers under 200 instances.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pymongo.database import Database

from benchmarks.crash import Plan, prove

PLAN = Plan(instances=60, kills=15, seed=2, work_ms=40, deadline=180)


def test_killed_workers_lose_nothing_and_repeat_nothing_finished(
    mongo_uri: str, empty_database: Database[dict[str, Any]], tmp_path: Path
) -> None:
    """WH-1, WH-3, WH-4: whatever is killed, all instances complete, no finished step runs again, no result differs."""
    outcome = prove(PLAN, mongo_uri, empty_database.name, tmp_path / "effects")
    assert outcome.violations == []
    assert (outcome.completed, outcome.kills) == (outcome.started, PLAN.kills)
    assert outcome.interrupted > 0, "no kill met a running step: the proof has proved nothing"
