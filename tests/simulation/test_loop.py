"""The simulator's own parts: virtual time, processes that die and freeze, threads that take turns with the loop."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from tests.simulation.faults import Profile, RandomFaults
from tests.simulation.loop import CircleError, SimLoop, StandstillError
from tests.simulation.process import Process
from tests.simulation.trace import Trace


def process(loop: SimLoop, **profile: float) -> Process:
    faults = RandomFaults(Profile(**profile), Random(0))  # type: ignore[arg-type]  # all of them are numbers
    return Process(loop, Trace(loop.time), faults, "worker", "w", skew_ms=5_000)


def test_time_jumps_to_the_next_timer() -> None:
    """A sleep of a day takes no time at all, and what is due first comes first."""
    loop, seen = SimLoop(), []

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append(loop.time())

    async def both() -> None:
        await asyncio.gather(sleep(86_400.0), sleep(1.0))

    loop.run_until_complete(both())
    assert seen == [1.0, 86_400.0]


def test_a_standstill_is_told() -> None:
    """Waiting for what never comes is an error, not a hang."""
    loop = SimLoop()
    with pytest.raises(StandstillError):
        loop.run_until_complete(loop.create_future())


def test_a_circle_is_told() -> None:
    """Who never lets time pass is found out."""
    loop = SimLoop()

    async def spin() -> None:
        while True:  # noqa: ASYNC110 - it is to go in a circle
            await asyncio.sleep(0)

    with pytest.raises(CircleError):
        loop.run_until_complete(spin())


def test_a_dead_process_does_nothing_more() -> None:
    """Nothing of it happens after its death, not even what it would do at last."""
    loop, seen = SimLoop(), []
    one = process(loop)

    async def work() -> None:
        try:
            await asyncio.sleep(2.0)
            seen.append("worked")
        finally:
            seen.append("cleaned up")

    async def main() -> None:
        one.spawn(work())
        await asyncio.sleep(1.0)
        one.kill("for a test")
        await asyncio.sleep(10.0)
        assert not seen

    loop.run_until_complete(main())


def test_a_frozen_process_goes_on_where_it_stood() -> None:
    """What it had begun goes on when it thaws, at the time that it is then."""
    loop, seen = SimLoop(), []
    one = process(loop)

    async def work() -> None:
        await asyncio.sleep(1.0)
        seen.append(loop.time())

    async def main() -> None:
        one.spawn(work())
        await asyncio.sleep(0.5)
        one.freeze(60.0)
        await asyncio.sleep(100.0)

    loop.run_until_complete(main())
    assert seen == [60.5]


def test_clocks_are_wrong_by_their_skew() -> None:
    """A process's wall clock is off; its monotonic one runs as fast as time does."""
    loop = SimLoop()
    one = process(loop)
    before = one.clock.now(), one.clock.monotonic()
    loop.run_until_complete(asyncio.sleep(3.0))
    assert one.clock.now() - before[0] == 3_000
    assert one.clock.monotonic() - before[1] == 3.0


def test_a_call_of_several_ports_can_be_interrupted_between_them() -> None:
    """A blocking call that stops before each port lets others have their turn, one at a time."""
    loop, seen = SimLoop(), []
    one = process(loop, on_thread=1.0)

    def call() -> str:
        for number in range(2):
            one.jobs.pause()
            seen.append(f"port {number}")
        return "done"

    async def main() -> None:
        answer = one.jobs.start(call, ())
        while not answer.done():
            seen.append("others")
            await asyncio.sleep(0.001)
        assert answer.result() == "done"

    loop.run_until_complete(main())
    first, second = seen.index("port 0"), seen.index("port 1")
    assert "others" in seen[:first]
    assert "others" in seen[first:second]
