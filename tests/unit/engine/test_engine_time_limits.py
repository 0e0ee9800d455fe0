"""How long an attempt may take: declared, grown after a time-out, or learnt from durations. Read from the step's context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactory import StepContext, step
from reactory.definition.policy import LONGEST_TIMEOUT, TimeoutPolicy
from reactory.definition.program import EndConfig, Node
from reactory.exceptions import StoreUnavailableError
from reactory.host.time_limits import time_limit, typical_duration

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

AGAIN: dict[str, Any] = {"retryPolicy": {"maxAttempts": 10, "initialDelay": 0}}


@pytest.fixture
def limits(engine: Engine) -> list[float]:
    """The seconds that each attempt of ``t.timed`` had."""
    found: list[float] = []

    @step("t.timed")
    async def timed(ctx: StepContext) -> None:
        found.append(ctx.remaining())
        if engine.errors["timed"]:
            raise engine.errors["timed"].pop(0)

    engine.steps.add(timed)
    return found


def timed(**more: Any) -> dict[str, Any]:
    return {"id": "a", "type": "task", "config": {"handler": "t.timed"}} | AGAIN | more


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, [30, 45, 67.5, 101.25, 151.875, 227.812, 300, 300]),
        ({"timeout": 1000}, [1, 1.5, 2.25]),
        ({"timeout": 400_000}, [400, 400]),
        ({"timeout": 1000, "timeoutPolicy": {"strategy": "fixed"}}, [1, 1, 1]),
        ({"timeoutPolicy": {"strategy": "fixed"}}, [30, 30]),
        ({"timeout": 1000, "timeoutPolicy": {"strategy": "progressive", "multiplier": 3, "max": 5000}}, [1, 3, 5, 5]),
        ({"timeout": 9000, "timeoutPolicy": {"strategy": "progressive", "max": 5000}}, [9, 9]),
        ({"timeout": 1000, "timeoutPolicy": {"strategy": "adaptive"}}, [1, 1.5]),
    ],
)
def test_a_time_out_makes_the_next_attempt_longer(
    engine: Engine, limits: list[float], more: dict[str, Any], expected: list[float]
) -> None:
    """EH-3: 30 s, half as much again after each attempt that timed out, 300 s at most; as timeoutPolicy says, if it does."""
    engine.errors["timed"] = [TimeoutError("slow")] * (len(expected) - 1)
    run = engine.run(timed(**more))
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
    assert limits == expected


def test_other_failures_leave_the_time_as_it_is(engine: Engine, limits: list[float]) -> None:
    """EH-3: only what timed out needs longer."""
    engine.errors["timed"] = [ConnectionError("gone"), TimeoutError("slow"), ConnectionError("gone")]
    engine.until_idle(engine.run(timed(timeout=1000)))
    assert limits == [1, 1, 1.5, 1.5]


def test_an_operator_s_retry_begins_anew(engine: Engine, limits: list[float]) -> None:
    """EH-3, LC-14: the time too."""
    engine.errors["timed"] = [TimeoutError("slow")] * 2
    run = engine.run(timed(timeout=1000, retryPolicy={"maxAttempts": 2, "initialDelay": 0}))
    engine.ask(run, "retry")
    assert limits == [1, 1.5, 1]


def test_a_grown_time_survives_a_crash(engine: Engine, limits: list[float]) -> None:
    """EH-3, WH-1: how often it timed out is part of the state."""
    engine.errors["timed"] = [TimeoutError("slow")]
    run = engine.run(timed(timeout=1000, retryPolicy={"maxAttempts": 3, "initialDelay": 5000}))
    engine.new_worker()
    engine.until_idle(run)
    assert limits == [1, 1.5]


ADAPTIVE = {"strategy": "adaptive", "max": 20_000}


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        ([5000] * 10, 5),
        ([5000] * 9, 1),
        ([4000, 6000] * 5, 7),
        ([10] * 50, 1),
        ([19_000, 60_000] * 9, 20),
        ([1] * 200 + [3000] * 100, 3),
    ],
)
def test_an_adaptive_time_follows_the_latest_durations(
    engine: Engine, limits: list[float], durations: list[int], expected: float
) -> None:
    """EH-12: mean and twice the deviation, between the declared time and max; fewer than ten samples say nothing."""
    engine.durations.note("default", "test.Flow", "a", durations)
    engine.run(timed(timeout=1000, timeoutPolicy=ADAPTIVE))
    assert limits == [expected]


def test_durations_are_noted_for_adaptive_steps_only(engine: Engine, limits: list[float]) -> None:
    """EH-12: of each successful attempt, in the background."""

    @step("t.slow")
    async def slow() -> None:
        engine.clock.advance(700)

    engine.steps.add(slow)
    adaptive = {"id": "b", "type": "task", "config": {"handler": "t.slow"}, "timeoutPolicy": ADAPTIVE}
    engine.run(timed(), adaptive)
    assert engine.durations.recent("default", "test.Flow", "b") == [700]
    assert engine.durations.recent("default", "test.Flow", "a") == []


class _Broken:
    def note(self, *_: Any) -> None:
        raise StoreUnavailableError("gone")

    def recent(self, *_: Any) -> list[int]:
        raise StoreUnavailableError("gone")


def test_durations_that_cannot_be_read_stop_nobody(engine: Engine, limits: list[float]) -> None:
    """EH-12: the usual time then."""
    engine.durations = _Broken()  # type: ignore[assignment]  # what a database that is down looks like
    run = engine.run(timed(timeoutPolicy=ADAPTIVE))
    assert engine.status(run) == "COMPLETED"
    assert limits == [30]


@given(
    declared=st.one_of(st.none(), st.integers(1, 10**9)),
    timeouts=st.integers(0, 10),
    typical=st.one_of(st.none(), st.integers(0, 10**9)),
    policy=st.one_of(
        st.none(),
        st.builds(
            TimeoutPolicy,
            st.sampled_from(["fixed", "progressive", "adaptive"]),
            st.floats(1, 1000),
            st.integers(1, 10**9),
        ),
    ),
)
def test_a_time_is_never_shorter_than_declared_nor_longer_than_its_bound(
    declared: int | None, timeouts: int, typical: int | None, policy: TimeoutPolicy | None
) -> None:
    """EH-3, EH-12: whatever is declared and whatever was measured."""
    node = Node("a", "end", EndConfig(), timeout=declared, timeout_policy=policy)
    base = declared or 30_000
    found = time_limit(node, timeouts, 30_000, typical)
    assert base <= found <= max(base, policy.max if policy else LONGEST_TIMEOUT)
    assert found <= time_limit(node, timeouts + 1, 30_000, typical)


@given(st.lists(st.integers(0, 10**9), min_size=10, max_size=100))
def test_the_typical_duration_is_at_least_the_mean(durations: list[int]) -> None:
    """EH-12: it leaves room."""
    found = typical_duration(durations)
    assert found is not None
    assert found >= min(int(sum(durations) / len(durations)), LONGEST_TIMEOUT * 1000) - 1
