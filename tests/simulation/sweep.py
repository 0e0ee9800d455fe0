"""The exhaustive sweep: small flows in which a worker dies at every call of a port, and at every pair of calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random

from tests.simulation.faults import ScriptedFaults
from tests.simulation.flows import Flow
from tests.simulation.invariants import check
from tests.simulation.run import quiet
from tests.simulation.world import Setting, World

AN_HOUR_S = 3600.0


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


def spoilt(flow: Flow, crashes: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], dict[str, str]]:
    """What the crashes at these points violate."""
    worlds = {points: crashed(flow, points)[0] for points in crashes}
    return {points: world.violations for points, world in worlds.items() if world.violations}


def every_pair(flow: Flow) -> tuple[int, dict[tuple[int, ...], dict[str, str]]]:
    """How many pairs there are, and what they violate."""
    crashes = [both for (first,) in singles(flow) for both in pairs(flow, first)]
    return len(crashes), spoilt(flow, crashes)
