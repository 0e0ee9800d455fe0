"""The simulator's own rules: one seed is one run, time is virtual, the dead do nothing and the frozen wait."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from random import Random

import pytest

from tests.simulation.faults import Profile, RandomFaults
from tests.simulation.loop import SimLoop, StandstillError
from tests.simulation.process import Process
from tests.simulation.run import run_seed
from tests.simulation.trace import Trace

SEEDS = (3, 7, 11, 78, 120)
_DIGESTS = (
    "import sys; from tests.simulation.run import run_seed\nfor s in sys.argv[1:]: print(run_seed(int(s)).trace.digest)"
)


def digests(hash_seed: str) -> list[str]:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _DIGESTS, *map(str, SEEDS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_one_seed_is_one_trace() -> None:
    """The same events in the same order, in any process and under any hash seed."""
    here = [run_seed(seed).trace.digest for seed in SEEDS]
    assert digests("1") == here
    assert digests("2") == here
    assert len(set(here)) == len(SEEDS)


@pytest.fixture
def loop() -> SimLoop:
    return SimLoop()


def process(loop: SimLoop, name: str = "p") -> Process:
    return Process(loop, Trace(loop.time), RandomFaults(Profile(), Random(0)), "worker", name)


def test_time_jumps_to_the_next_timer(loop: SimLoop) -> None:
    """A year takes no time."""
    loop.run_until_complete(asyncio.sleep(31_536_000))
    assert loop.time() == pytest.approx(31_536_000)


def test_nothing_that_can_happen_is_told(loop: SimLoop) -> None:
    """Who waits for what nobody will do finds out at once."""
    with pytest.raises(StandstillError):
        loop.run_until_complete(loop.create_future())


async def steps(done: list[str], name: str) -> None:
    try:
        for number in range(3):
            done.append(f"{name}{number}")
            await asyncio.sleep(1.0)
    finally:
        done.append(f"{name} ends")


def test_nothing_of_a_dead_process_happens(loop: SimLoop) -> None:
    """Not even what it would have cleaned up."""
    done: list[str] = []
    victim, other = process(loop), process(loop, "other")
    victim.spawn(steps(done, "a"))
    last = other.spawn(steps(done, "b"))
    loop.call_later(1.5, victim.kill, "test")
    loop.run_until_complete(last)
    assert done == ["a0", "b0", "a1", "b1", "b2", "b ends"]


def test_a_frozen_process_goes_on_where_it_was(loop: SimLoop) -> None:
    """What was due meanwhile happens when it thaws."""
    done: list[str] = []
    sleeper = process(loop)
    task = sleeper.spawn(steps(done, "a"))
    loop.call_later(0.5, sleeper.freeze, 60.0)
    loop.run_until_complete(asyncio.sleep(30.0))
    assert done == ["a0"]
    loop.run_until_complete(task)
    assert done == ["a0", "a1", "a2", "a ends"]
    assert loop.time() == pytest.approx(62.5, abs=0.01)
