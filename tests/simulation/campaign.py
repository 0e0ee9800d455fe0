"""Many seeds, over several processes."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from multiprocessing import get_context

from tests.simulation.run import Verdict, judge_seed

CHUNK = 25


@dataclass(slots=True)
class Campaign:
    """``failed`` are the runs in which a rule was broken; ``reached`` counts the runs that were in a rare state."""

    seeds: int = 0
    failed: list[Verdict] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.seeds += 1
        self.reached.update(verdict.marks.keys())
        if verdict.violations:
            self.failed.append(verdict)


def run(seeds: Sequence[int], jobs: int = 2, bug: str | None = None, *, until_failed: bool = False) -> Campaign:
    """Run all seeds, or until one has failed."""
    campaign = Campaign()
    for verdict in verdicts(seeds, jobs, bug):
        campaign.add(verdict)
        if until_failed and campaign.failed:
            break
    return campaign


def verdicts(seeds: Sequence[int], jobs: int, bug: str | None) -> Iterator[Verdict]:
    """In the order of the seeds."""
    if jobs == 1:
        yield from _judge(seeds, bug)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        chunks = [seeds[begin : begin + CHUNK] for begin in range(0, len(seeds), CHUNK)]
        yield from chain.from_iterable(pool.map(partial(_judge_all, bug=bug), chunks))


def _judge_all(seeds: Sequence[int], bug: str | None) -> list[Verdict]:
    return list(_judge(seeds, bug))


def _judge(seeds: Iterable[int], bug: str | None) -> Iterator[Verdict]:
    """Runs leave circles behind: collecting them now and then is cheaper than all the time."""
    gc.collect()
    gc.disable()
    try:
        for number, seed in enumerate(seeds, 1):
            yield judge_seed(seed, bug)
            if number % CHUNK == 0:
                gc.collect()
    finally:
        gc.enable()
