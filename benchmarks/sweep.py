"""The sweep with 100,000 sleeping instances: it has to cost what is due, not what exists."""

from __future__ import annotations

import time
from collections import Counter
from statistics import median

from benchmarks.context import Bench
from benchmarks.engine import Engine
from benchmarks.report import Figure, Result
from reactory.host.sweeper import sweep
from reactory.ports.store import Instance

DUE = 200
_DAY = 86_400_000
_PAGE = 2_000


def run(bench: Bench) -> Result:
    few, many, repeats = (100, 1_000, 3) if bench.quick else (1_000, 100_000, 15)
    engines = {count: Engine(bench.settings(f"sweep_{count}")) for count in (few, many)}
    for count, engine in engines.items():
        _put_to_sleep(engine, count)
    took: dict[int, list[float]] = {count: [] for count in engines}
    for _ in range(repeats):
        for count, engine in engines.items():
            took[count].append(_sweep(engine))
    seen = {count: _examined(engine) for count, engine in engines.items()}
    small, large = median(took[few]), median(took[many])
    note = f"{seen[many]['keysExamined']:,} keys, {seen[many]['docsExamined']:,} documents examined"
    figures = [
        Figure(f"sweep of {DUE} due, {few:,} asleep", small, "ms", "", f"median of {repeats}"),
        Figure(f"sweep of {DUE} due, {many:,} asleep", large, "ms", "", note),
        Figure("growth", large / small, "times", "1", f"for {many // few} times as many"),
    ]
    return Result("sweep", figures, {"milliseconds": took, "examined": seen})


def _put_to_sleep(engine: Engine, count: int) -> None:
    """Instances as they lie in the database while they wait for a far timer, and the few that are due."""
    now = engine.app.clock.now()
    stored = engine.definitions.resolve("default", "bench.Five")
    wakes = [now + _DAY + n for n in range(count)] + [now - n for n in range(DUE)]
    for begin in range(0, len(wakes), _PAGE):
        page = [
            Instance(
                id=engine.app.ids.new(),
                workflow_id=stored.workflow_id,
                version=stored.version,
                fingerprint=stored.fingerprint,
                status="RUNNING",
                created_at=now,
                updated_at=now,
                wake_at=wake_at,
                timer_at=wake_at,
            )
            for wake_at in wakes[begin : begin + _PAGE]
        ]
        engine.app.instances.create(page)


def _sweep(engine: Engine) -> float:
    services = engine.services()
    began = time.perf_counter()
    swept = sweep(services)
    took = (time.perf_counter() - began) * 1000
    if (swept.hints, swept.more) != (DUE, False):
        raise AssertionError(f"the sweep sent {swept.hints} hints, not {DUE}")
    return took


def _examined(engine: Engine) -> Counter[str]:
    """What the database looked at for one sweep, by its own profiler."""
    engine.database.command("profile", 2)
    try:
        _sweep(engine)
    finally:
        engine.database.command("profile", 0)
    asked = engine.database["system.profile"].find(
        {"op": {"$in": ["query", "getmore"]}, "ns": f"{engine.database.name}.instances"}
    )
    examined: Counter[str] = Counter()
    for one in asked:
        examined += Counter({name: one.get(name, 0) for name in ("keysExamined", "docsExamined", "nreturned")})
    if not examined["nreturned"]:
        raise AssertionError("the sweep asked nothing of the instances")
    return examined
