"""Many seeds on several processes: what was violated, which marks were seen, how to see a run again."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.pool import Pool

from reactory.host.collector import spare_collector
from tests.simulation.bugs import BUGS, planted
from tests.simulation.run import Verdict, run_seed

CHUNK = 25
"""Seeds that a process takes at a time."""


@dataclass(slots=True)
class Report:
    """``marks`` counts the seeds in which each was seen."""

    seeds: int = 0
    failed: list[Verdict] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.seeds += 1
        self.marks.update(verdict.marks)
        if verdict.violations:
            self.failed.append(verdict)


def judge(seed: int, bug: str | None = None) -> Verdict:
    """One run, in as few words as another process needs."""
    with planted(bug):
        world = run_seed(seed)
    return Verdict(seed, world.violations, list(world.marks))


def simulate(first: int, seeds: int, jobs: int, bug: str | None = None) -> Iterator[Verdict]:
    """The verdicts of the seeds from ``first`` on, in their order."""
    numbers = range(first, first + seeds)
    if jobs == 1:
        yield from map(partial(judge, bug=bug), numbers)
        return
    with _processes(jobs) as pool:
        yield from pool.imap(partial(judge, bug=bug), numbers, CHUNK)


def report(first: int, seeds: int, jobs: int) -> Report:
    found = Report()
    for verdict in simulate(first, seeds, jobs):
        found.add(verdict)
    return found


def hunted(bug: str, seeds: int, known: int | None = None) -> Verdict | None:
    """The first run that this planted bug spoils; None if none of so many does. ``known`` is a seed to begin with."""
    numbers = [*([] if known is None else [known]), *range(seeds)]
    spoilt = (verdict for verdict in map(partial(judge, bug=bug), numbers) if verdict.violations)
    return next(spoilt, None)


def hunt(seeds: int, jobs: int, known: Mapping[str, int] | None = None) -> Iterator[tuple[str, Verdict | None]]:
    """Each planted bug with the first run that it spoils. ``known`` are seeds that have spoilt one before."""
    given = known or {}
    tasks = [(bug, seeds, given.get(bug)) for bug in BUGS]
    with _processes(jobs) as pool:
        yield from zip(BUGS, pool.imap(_hunted, tasks), strict=True)


def _processes(jobs: int) -> Pool:
    return multiprocessing.get_context("spawn").Pool(jobs, spare_collector)


def _hunted(task: tuple[str, int, int | None]) -> Verdict | None:
    return hunted(*task)


def told(verdict: Verdict, bug: str | None = None) -> str:
    """What went wrong, and how to see it again."""
    lines = [f"seed {verdict.seed} violates:"]
    lines += [f"  {rule}: {detail}" for rule, detail in verdict.violations.items()]
    planting = "" if bug is None else f' --bug "{bug}"'
    lines.append(f"  see it with: python -m tests.simulation --first {verdict.seed} --seeds 1 --trace{planting}")
    return "\n".join(lines)
