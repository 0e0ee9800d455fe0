"""State survives: a stack that stops in the middle, a process that dies in the middle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reactory.local.options import DevOptions
from reactory.local.output import Quiet
from reactory.local.stack import LocalStack
from tests.e2e.api import Api, holders, succeeded, until
from tests.e2e.conftest import MODULES

SHORT_LEASE = {"REACTORY_LEASE_MS": "2000", "REACTORY_HEARTBEAT_MS": "500"}


def stack(data: Path, **options: Any) -> LocalStack:
    values: dict[str, Any] = {"port": 0, "modules": MODULES, "data": data, "reload": False} | options
    return LocalStack(DevOptions(**values), output=Quiet())


def test_an_instance_sleeps_through_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WH-1, WH-7: stopped in the middle of a delay, the next stack on the same data finishes; no step runs again."""
    monkeypatch.delenv("MONGODB_URI", raising=False)
    data = tmp_path / "data"
    with stack(data) as first, Api(first) as api:
        sleeper = api.start("plant.Nap", {"duration": 3_000})
        finished = api.finished(api.start("plant.Greet", {"name": "Ada"}))
        asleep = until(lambda: api.see(sleeper), lambda seen: (seen["activity"] or "").startswith("sleeping"))
        mongod = first.mongod
    assert mongod is not None
    assert not mongod.alive
    with stack(data) as second, Api(second) as api:
        assert api.see(finished["instanceId"]) == finished
        seen = api.finished(sleeper)
        history = api.history(sleeper)
    assert seen["outputs"] == {"before": f"{sleeper}/before", "after": f"{sleeper}/after"}
    assert seen["createdAt"] == asleep["createdAt"]
    assert succeeded(history) == ["before", "after"]
    (nap,) = (entry for entry in history if entry.get("path") == "nap")
    assert nap["durationMs"] >= 3_000


def test_a_killed_workers_instance_goes_on_in_another(mongo_uri: str, database_name: str, tmp_path: Path) -> None:
    """WH-1, WH-3, WH-19: SIGKILL in the middle of a step; after the lease another process runs that step, no other."""
    options: dict[str, Any] = {"mongodb_uri": mongo_uri, "database": database_name, "environ": SHORT_LEASE}
    with stack(tmp_path / "data", **options) as running, Api(running) as api:
        instance_id = api.start("plant.Hold", {"folder": str(tmp_path)})
        (first,) = until(lambda: holders(tmp_path), bool)
        assert running.kill_worker() == first
        until(lambda: holders(tmp_path), lambda pids: len(pids) == 2)
        (tmp_path / "gate").touch()
        seen = api.finished(instance_id)
        history = api.history(instance_id)
    assert seen["status"] == "COMPLETED"
    assert {first, seen["outputs"]["pid"]} == set(holders(tmp_path))
    assert succeeded(history) == ["before", "hold", "after"]
    assert [entry["event"] for entry in history].count("interrupted") == 1
