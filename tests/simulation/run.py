"""One seed, one run: everything that is chosen is chosen by the seed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from random import Random
from typing import Any
from unittest.mock import patch

from reactory.host.ledger import Ledger
from reactory.host.services import Limits
from reactory.ports.store import Settle
from tests.simulation.bugs import BUGS
from tests.simulation.faults import RandomFaults, random_profile
from tests.simulation.invariants import check
from tests.simulation.loop import CURRENT
from tests.simulation.process import Process
from tests.simulation.workload import random_workload
from tests.simulation.world import Setting, World


@dataclass(frozen=True, slots=True)
class Verdict:
    """``violations`` maps broken rules to what broke them."""

    seed: int
    violations: dict[str, str]
    marks: dict[str, int]


def make_world(seed: int) -> World:
    random = Random(seed)
    workload = random_workload(seed, random)
    profile = random_profile(random)
    limits = Limits(
        journal_facts=random.choice((3, 5, 100)),
        tail_records=random.choice((4, 64)),
        inline_limit=random.choice((120, 131_072)),
    )
    setting = Setting(workload, limits, visibility_s=random.choice((8.0, 45.0, 720.0)))
    return World(setting, RandomFaults(profile, random), random)


def run_seed(seed: int, bug: str | None = None) -> World:
    """Run and judge, with one of the planted bugs or without."""
    world = make_world(seed)
    with quiet(world), noting_facts(), BUGS[bug]() if bug else nullcontext():
        world.run()
        check(world)
    return world


def judge_seed(seed: int, bug: str | None = None) -> Verdict:
    """What a run has come to. A run that cannot even be judged is a violation too."""
    try:
        world = run_seed(seed, bug)
    except Exception as error:  # noqa: BLE001 - with its seed it can be run again
        return Verdict(seed, {"the run can be judged": repr(error)}, {})
    return Verdict(seed, world.violations, dict(world.marks))


class _Defects(logging.Handler):
    """Passes that were ended by a defect are violations."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        self._world.auditor.violate("no pass ends by a defect", f"{record.getMessage()}: {record.exc_info}")


@contextmanager
def noting_facts() -> Iterator[None]:
    """A settle covers facts that are in no journal: they are noted for the replay."""
    make = Ledger._make_settle

    async def noting(ledger: Ledger, *args: Any, **more: Any) -> Settle:
        settle: Settle = await make(ledger, *args, **more)
        process = CURRENT.get()
        assert isinstance(process, Process)
        process.unwritten[id(settle)] = (settle, [*ledger._unwritten])
        return settle

    with patch.object(Ledger, "_make_settle", noting):
        yield


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
