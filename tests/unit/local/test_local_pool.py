"""The containers of one function, with containers that need no process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any, cast

from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.queue import MemoryQueue
from reactory.adapters.memory.table import MemoryTable
from reactory.adapters.system import SystemClock, UlidIds
from reactory.local.frames import Fault, Setup
from reactory.local.pool import Pool
from reactory.local.process import Answer, Container, Failed, Launch, Outcome

DEADLINE = 10.0


class FakeContainer:
    """Answers with its number; ``hold`` makes it wait until it is let go."""

    numbers = count()

    def __init__(self, _launch: Launch) -> None:
        self.pid = next(self.numbers)
        self.alive = True
        self.stopped: list[bool] = []

    def invoke(self, event: object, _timeout: float) -> Outcome:
        if isinstance(event, Held):
            event.begun.release()
            assert event.go.wait(DEADLINE)
        return Answer(self.pid)

    def stop(self, *, urgent: bool) -> None:
        self.stopped.append(urgent)

    def kill(self) -> None:
        self.alive = False

    def join(self, _timeout: float | None = None) -> bool:
        return bool(self.stopped) or not self.alive


class Held:
    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()


class Made:
    """Starts fake containers and remembers them."""

    def __init__(self) -> None:
        self.containers: list[FakeContainer] = []

    def __call__(self, launch: Launch) -> Container:
        self.containers.append(FakeContainer(launch))
        return cast("Container", self.containers[-1])


def pool(made: Made, ceiling: int = 2, timeout: float = DEADLINE) -> Pool:
    clock = SystemClock()
    setup = Setup("f", "m.h", 128, "m.w")
    launch = Launch(
        setup, {}, MemoryQueue(clock, UlidIds(clock), []), MemoryBus(), MemoryTable(), lambda _source, _text: None
    )
    return Pool(launch, ceiling=ceiling, timeout=timeout, start=made)


def answer(outcome: Outcome) -> Any:
    assert isinstance(outcome, Answer)
    return outcome.result


def hold(pool: Pool, held: Held, outcomes: list[Outcome]) -> threading.Thread:
    thread = threading.Thread(target=lambda: outcomes.append(pool.invoke(held)))
    thread.start()
    assert held.begun.acquire(timeout=DEADLINE)
    return thread


def test_an_idle_container_is_used_again() -> None:
    """DB-2: invocations one after the other run in one container, as on Lambda."""
    made = Made()
    one = pool(made)
    assert answer(one.invoke({})) == answer(one.invoke({}))
    assert len(made.containers) == 1


def test_a_pool_grows_on_demand_to_its_ceiling() -> None:
    """Invocations at the same time get containers of their own, and wait beyond the ceiling."""
    made, held, outcomes = Made(), Held(), list[Outcome]()
    several = pool(made)
    threads = [hold(several, held, outcomes) for _ in range(2)]
    third = threading.Thread(target=lambda: outcomes.append(several.invoke({})))
    third.start()
    held.go.set()
    for thread in (*threads, third):
        thread.join(DEADLINE)
    assert len(outcomes) == 3
    assert len(made.containers) == 2


def test_who_finds_no_container_in_time_is_told() -> None:
    """A wait for a container ends with the function's timeout."""
    made, held, outcomes = Made(), Held(), list[Outcome]()
    short = pool(made, ceiling=1, timeout=0.01)
    thread = hold(short, held, outcomes)
    outcome = short.invoke({})
    held.go.set()
    thread.join(DEADLINE)
    assert isinstance(outcome, Failed)
    assert outcome.fault == Fault("TooManyRequests", "No container became free in time")


def test_a_dead_container_is_replaced() -> None:
    """A container that died while it was idle is never given work."""
    made = Made()
    one = pool(made)
    first = answer(one.invoke({}))
    made.containers[0].alive = False
    assert answer(one.invoke({})) != first


def test_recycling_replaces_the_idle_now_and_the_busy_later() -> None:
    """After a reload nothing runs on the old code, and what ran was allowed to finish."""
    made, held, outcomes = Made(), Held(), list[Outcome]()
    both = pool(made)
    both.warm(2)
    thread = hold(both, held, outcomes)
    both.recycle()
    old = made.containers[:2]
    assert [container.stopped for container in old] == [[False], [False]]
    fresh = answer(both.invoke({}))
    held.go.set()
    thread.join(DEADLINE)
    assert fresh not in {container.pid for container in old}
    assert answer(outcomes[0]) in {container.pid for container in old}
    assert answer(both.invoke({})) not in {container.pid for container in old}


def test_a_closed_pool_takes_nothing() -> None:
    """After close invocations are refused, and every container was told to hurry."""
    made = Made()
    closed = pool(made)
    closed.invoke({})
    closed.close()
    outcome = closed.invoke({})
    assert isinstance(outcome, Failed)
    assert outcome.cause == "stopping"
    assert made.containers[0].stopped == [True]
    assert closed.join(time.monotonic()) == 0


def test_warming_makes_no_more_than_asked() -> None:
    """Warming twice is warming once, and never above the ceiling."""
    made = Made()
    warm = pool(made)
    warm.warm(1)
    warm.warm(1)
    assert len(made.containers) == 1
    warm.warm(9)
    assert len(made.containers) == 2


def test_a_warmed_container_is_given_to_who_waits() -> None:
    """A request that comes while the only container starts gets it as soon as it is there, not when its time is up."""
    go = threading.Event()

    class Slow(Made):
        def __call__(self, launch: Launch) -> Container:
            assert go.wait(DEADLINE)
            return super().__call__(launch)

    slow = pool(Slow(), ceiling=1, timeout=DEADLINE)
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: slow.warm(1)),
        threading.Thread(target=lambda: outcomes.append(slow.invoke({}))),
    ]
    threads[0].start()
    until(lambda: slow._starting == 1)
    threads[1].start()
    until(lambda: bool(slow._changed._waiters))  # type: ignore[attr-defined]  # nothing public tells that somebody waits
    go.set()
    for thread in threads:
        thread.join(DEADLINE / 2)
        assert not thread.is_alive()
    assert isinstance(outcomes[0], Answer)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
