"""Every single crash, and every pair of crashes, of a few small flows: before and after each call of a port."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from reactory.host.services import Limits
from tests.simulation.faults import ScriptedFaults
from tests.simulation.invariants import check
from tests.simulation.run import noting_facts, quiet
from tests.simulation.workload import Document, Workload
from tests.simulation.world import Setting, World

MOST_POINTS = 400
"""Points of one run: more means that a flow does not end."""


def _task(name: str, **more: object) -> Document:
    return {"id": name, "type": "task", "config": {"handler": "sim.do"}, "inputs": {"value": name}} | more


def _flow(name: str, *steps: Document, **more: object) -> Document:
    metadata = {"retryPolicy": {"maxAttempts": 2, "initialDelay": 100, "jitter": False}}
    return {"nameSpace": "sim", "name": name, "version": "1.0.0", "metadata": metadata, "steps": [*steps]} | more


FLOWS: dict[str, Document] = {
    flow["name"]: flow
    for flow in (
        _flow("TwoSteps", _task("a"), _task("b", execution="at_most_once")),
        _flow("Flaky", _task("a", inputs={"value": 1, "fails": 1}), _task("b", outputs={"v": "steps.b.outputs.value"})),
        _flow("Asleep", _task("a"), {"id": "nap", "type": "delay", "config": {"duration": 5000}}, _task("b")),
        _flow(
            "Parallel",
            {
                "id": "both",
                "type": "parallel",
                "config": {"branches": [{"name": n, "steps": [_task(n)]} for n in ("l", "r")]},
            },
            _task("after"),
        ),
        _flow("Failing", _task("a"), _task("b", inputs={"value": 1, "fails": 9})),
    )
}


@dataclass(slots=True)
class Sweep:
    """``broken`` tells which rules which crashes broke; ``runs`` is how many runs there were."""

    runs: int = 0
    broken: list[str] = field(default_factory=list)


def sweep(flow: str, *, pairs: bool) -> Sweep:
    """All single crashes of the flow, or all pairs of them."""
    swept = Sweep()
    for first in _points(swept, flow, ()):
        if pairs:
            deque(_points(swept, flow, (first,)), maxlen=0)
    gc.collect()
    return swept


def _points(swept: Sweep, flow: str, before: tuple[int, ...]) -> Iterator[int]:
    """Crash at every point after those of ``before`` that a run comes to."""
    for point in range(before[-1] + 1 if before else 0, MOST_POINTS):
        if point >= 2 * crash(swept, flow, (*before, point)):
            return
        yield point
    swept.broken.append(f"{flow} {before}: does not end")


def crash(swept: Sweep, flow: str, points: tuple[int, ...]) -> int:
    """One run with crashes at these points; how many calls of ports there were."""
    faults = ScriptedFaults(points)
    workload = Workload(0, [FLOWS[flow]], [(0.0, 0)], deterministic=True)
    limits = Limits(journal_facts=3, tail_records=4)
    world = World(Setting(workload, limits, visibility_s=45.0, safety_s=400.0), faults, Random(0))
    with quiet(world), noting_facts():
        world.run()
        check(world)
    swept.runs += 1
    swept.broken += [f"{flow} {points}: {rule}: {what}" for rule, what in world.violations.items()]
    return faults.calls
