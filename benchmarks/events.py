"""From a published event to the next step: over HTTP, through the whole local stack, one event after the other."""

from __future__ import annotations

import time
from statistics import median

import httpx2

from benchmarks.context import Bench
from benchmarks.effects import Follower
from benchmarks.engine import Engine
from benchmarks.proof import proof_stack, wait_until
from benchmarks.report import Figure, Result

WORKFLOW = "bench.Waiting"
_WARM = 20
_APART = 0.02
"""Seconds between two events, so that each finds the stack at rest."""


def run(bench: Bench) -> Result:
    count = 10 if bench.quick else 300
    settings = bench.settings("events")
    effects = bench.scratch / "events.effects"
    with proof_stack(settings.mongodb_uri, settings.database, effects, workers=2) as stack:
        engine = Engine(settings, stack.queue)
        ids = engine.start(WORKFLOW, [{"n": n} for n in range(count + _WARM)])
        wait_until(
            lambda: engine.database["instances"].count_documents({"waits.name": "go"}) == len(ids), 60, "the waits"
        )
        published = _publish(stack.url, len(ids))
        begun: dict[str, int] = {}
        follower = Follower(effects)

        def all_begun() -> bool:
            for effect in follower.more():
                if effect.phase == "begin":
                    begun.setdefault(effect.key.partition("/")[0], effect.at)
            return len(begun) == len(ids)

        wait_until(all_begun, 60, "the steps after the events")
    took = sorted((begun[ids[n]] - published[n]) / 1e6 for n in range(_WARM, len(ids)))
    figures = [
        Figure("event to step, p50", median(took), "ms", "", f"{count} events, from before the request was sent"),
        Figure("event to step, p99", took[int(len(took) * 0.99) - 1], "ms", "50", f"longest {took[-1]:.1f} ms"),
    ]
    return Result("events", figures, {"milliseconds": [round(one, 3) for one in took]})


def _publish(url: str, count: int) -> list[int]:
    """When each was sent, in nanoseconds since the epoch."""
    sent: list[int] = []
    with httpx2.Client(base_url=url) as client:
        for n in range(count):
            sent.append(time.time_ns())
            client.post(f"/workflow/events/go/k{n}", json={"n": n}).raise_for_status()
            time.sleep(_APART)
    return sent
