"""The exhaustive sweep: small flows in which a worker dies at every call of a port, and at every pair of calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from reactory.host.services import Limits
from tests.simulation.faults import ScriptedFaults
from tests.simulation.invariants import check
from tests.simulation.run import quiet
from tests.simulation.workload import Document, Workload
from tests.simulation.world import Setting, World

AN_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Flow:
    """``limits`` are such that short as it is, the flow meets them."""

    name: str
    steps: Sequence[Document]
    limits: Limits

    def workload(self) -> Workload:
        document = {
            "nameSpace": "sim",
            "name": self.name,
            "version": "1.0.0",
            "metadata": {"retryPolicy": {"maxAttempts": 2, "initialDelay": 100, "jitter": False}},
            "variables": {"n": 1},
            "steps": list(self.steps),
        }
        return Workload(0, [document], [(0.0, 0)], deterministic=True)


def _do(name: str, fails: int = 0, **more: Any) -> Document:
    inputs = {"value": name, "fails": fails}
    return {"id": name, "type": "task", "config": {"handler": "sim.do"}, "inputs": inputs} | more


def _branch(name: str, *steps: Document) -> Document:
    return {"name": name, "steps": list(steps)}


FLOWS = (
    Flow(
        "Line",
        [
            _do("a"),
            _do("b", fails=1),
            {"id": "nap", "type": "delay", "config": {"duration": 500}},
            _do("c", continueOnError=True, fails=9),
        ],
        Limits(),
    ),
    Flow(
        "Fork",
        [
            {
                "id": "fork",
                "type": "parallel",
                "config": {"branches": [_branch("x", _do("a"), _do("b")), _branch("y", _do("c"))]},
            },
            _do("d"),
        ],
        Limits(tail_records=2, inline_limit=60),
    ),
    Flow(
        "Loop",
        [{"id": "each", "type": "for_each", "config": {"items": [1, 2, 3], "steps": [_do("a")]}}],
        Limits(journal_facts=1, tail_records=4),
    ),
)


def crashed(flow: Flow, points: Sequence[int] = ()) -> tuple[World, int]:
    """A run that dies at these points, judged; and how many calls the workers made. See ``ScriptedFaults``."""
    faults = ScriptedFaults(points)
    world = World(Setting(flow.workload(), flow.limits, safety_s=AN_HOUR_S), faults, Random(0))
    with quiet(world):
        world.run()
        check(world)
    return world, faults.calls


def singles(flow: Flow) -> Iterator[tuple[int, ...]]:
    """Before and after every call of the undisturbed run."""
    _, calls = crashed(flow)
    for point in range(2 * calls):
        yield (point,)


def pairs(flow: Flow, first: int) -> Iterator[tuple[int, ...]]:
    """All that may come after a crash at ``first``."""
    _, calls = crashed(flow, (first,))
    for second in range(first + 1, 2 * calls):
        yield (first, second)
