"""A distributed loop over four worker processes: the time per item, from a thousand items to a hundred thousand."""

from __future__ import annotations

import time

from benchmarks.context import Bench
from benchmarks.engine import Engine
from benchmarks.proof import proof_stack, wait_until
from benchmarks.report import Figure, Result

WORKFLOW = "bench.Spread"
WORKERS = 4


def run(bench: Bench) -> Result:
    sizes = (500,) if bench.quick else (1_000, 10_000, 100_000)
    settings = bench.settings("fanout")
    found: dict[str, float] = {}
    with proof_stack(
        settings.mongodb_uri, settings.database, bench.scratch / "fanout.effects", workers=WORKERS
    ) as stack:
        engine = Engine(settings, stack.queue)
        _measure(engine, 250)  # the workers are warm then
        for size in sizes:
            found[str(size)] = _measure(engine, size)
    figures = [
        Figure(f"{int(size):,} items", seconds / int(size) * 1e6, "µs/item", "", f"{seconds:.1f} s, {WORKERS} workers")
        for size, seconds in found.items()
    ]
    return Result("fanout", figures, {"seconds": found})


def _measure(engine: Engine, size: int) -> float:
    """Seconds from the start to the end, with the right result."""
    began = time.monotonic()
    (instance_id,) = engine.start(WORKFLOW, [{"count": size}])

    def ended() -> bool:
        instance = engine.app.instances.get(instance_id)
        return instance is not None and instance.status not in ("PENDING", "RUNNING")

    wait_until(ended, 1200, f"the end of {size} items", every=0.05)
    seconds = time.monotonic() - began
    outputs = engine.outputs(engine.instances([instance_id])[instance_id])
    if outputs != {"count": size, "last": size}:
        raise AssertionError(f"{size} items gave {outputs}")
    return seconds
