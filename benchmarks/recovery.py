"""Recovery: how long an instance stands still after the process that runs its step was killed with SIGKILL."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.context import MODULE, Bench
from benchmarks.effects import VARIABLE, Effect, read
from benchmarks.engine import Engine
from benchmarks.report import Figure, Result
from reactory.local.options import DevOptions
from reactory.local.output import Quiet
from reactory.local.stack import LocalStack

_QUICK_LEASE = {"REACTORY_LEASE_MS": "1000", "REACTORY_HEARTBEAT_MS": "200"}
_DEADLINE = 180.0


def run(bench: Bench) -> Result:
    """On the local stack: real queue deliveries, a real container, the lease as it is by default (30 s)."""
    file = bench.scratch / "recovery.effects"
    options = DevOptions(
        port=0,
        modules=(MODULE,),
        mongodb_uri=bench.uri,
        database=bench.database("recovery"),
        reload=False,
        environ={VARIABLE: str(file), "REACTORY_LOG_LEVEL": "ERROR", **(_QUICK_LEASE if bench.quick else {})},
    )
    with LocalStack(options, output=Quiet()) as stack:
        engine = Engine(bench.settings("recovery"), stack.queue)
        (instance_id,) = engine.start("bench.Block", [{"n": 1}])
        _until(lambda: len(_begins(read(file))) == 1)
        lease = engine.app.instances.leased([instance_id])[instance_id]
        stack.kill_worker()
        killed = time.time_ns()
        _until(lambda: len(_begins(read(file))) == 2)
        _until(lambda: engine.statuses()["COMPLETED"] == 1)
        completed = (time.time_ns() - killed) / 1e9
        if engine.outputs(engine.instances([instance_id])[instance_id]) != {"n": 4}:
            raise AssertionError("the instance was completed with a wrong result")
    again = (_begins(read(file))[1].at - killed) / 1e9
    figures = [
        Figure("step begun again", again, "s", "", f"the killed owner's lease had {lease / 1000:.1f} s to go"),
        Figure("next step recorded", completed, "s", "", "seen in the database"),
    ]
    return Result("recovery", figures, {"lease_ms": lease, "begun_again": again, "completed": completed})


def _begins(effects: list[Effect]) -> list[Effect]:
    return [effect for effect in effects if effect.phase == "begin"]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing happened within {_DEADLINE:.0f} s")
        time.sleep(0.01)
