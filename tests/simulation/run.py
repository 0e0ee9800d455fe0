"""One seed, one run: everything that is chosen is chosen by the seed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from reactory.host.services import Limits
from reactory.kernel import undo
from tests.simulation.faults import RandomFaults, random_profile
from tests.simulation.invariants import check
from tests.simulation.workload import random_workload
from tests.simulation.world import Setting, World


@dataclass(frozen=True, slots=True)
class Verdict:
    """``violations`` maps broken rules to what broke them, ``marks`` are the rare states that were seen."""

    seed: int
    violations: dict[str, str]
    marks: list[str]


def make_world(seed: int) -> World:
    random = Random(seed)
    workload = random_workload(seed, random)
    profile = random_profile(random)
    limits = Limits(
        journal_facts=random.choice((3, 5, 100)),
        tail_records=random.choice((4, 64)),
        inline_limit=random.choice((120, 131_072)),
    )
    setting = Setting(workload, limits, queues=random.choice(((45.0, 2), (720.0, 5))))
    return World(setting, RandomFaults(profile, random), random)


def run_seed(seed: int) -> World:
    """Run and judge."""
    world = make_world(seed)
    with quiet(world), short_logs(seed):
        world.run()
        check(world)
    return world


@contextmanager
def short_logs(seed: int) -> Iterator[None]:
    """Sagas here have too few steps to fill a page of their logs as it is."""
    before, undo.LOG_PAGE = undo.LOG_PAGE, (1, 2, undo.LOG_PAGE)[seed % 3]
    try:
        yield
    finally:
        undo.LOG_PAGE = before


class _Defects(logging.Handler):
    """Passes that were ended by a defect are violations."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "reactory.step":  # a step that fails is no defect of the engine, however severe its error
            return
        self._world.auditor.violate("no pass ends by a defect", f"{record.getMessage()}: {record.exc_info}")


@contextmanager
def quiet(world: World) -> Iterator[None]:
    """No log lines: there are too many. Only defects are noticed."""
    logger = logging.getLogger("reactory")
    level, propagate = logger.level, logger.propagate
    handler = _Defects(world)
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
