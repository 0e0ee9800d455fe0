"""cache on a step: an idempotent result is used again for a while (CA-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

CACHE: dict[str, Any] = {"cache": {"key": "rate-${input.day}", "ttl": 60_000}}
DAY: dict[str, Any] = {"inputs": {"day": {"type": "string"}}, "outputs": {"got": "steps.rate.outputs"}}


def rate(engine: Engine, name: str, day: str = "mon", **more: Any) -> str:
    step = engine.do("rate", label="rate", value=7, **CACHE, **more)
    return engine.run(step, data={"day": day}, name=name, **DAY)


def test_a_result_is_used_again(engine: Engine) -> None:
    """CA-3: the same handler with the same key returns the stored result within its time, whichever workflow asks."""
    assert engine.outputs(rate(engine, "One")) == {"got": {"value": 7}}
    assert engine.outputs(rate(engine, "Two")) == {"got": {"value": 7}}
    assert engine.calls == ["rate"]
    rate(engine, "Three", day="tue")
    assert engine.calls == ["rate", "rate"]


def test_a_result_is_used_for_its_time_only(engine: Engine) -> None:
    """CA-3: after the ttl the step runs again."""
    rate(engine, "One")
    engine.clock.advance(60_001)
    rate(engine, "Two")
    assert engine.calls == ["rate", "rate"]


def test_failures_are_not_kept(engine: Engine) -> None:
    """CA-3: a failed attempt is followed by a real one."""
    engine.errors["rate"] = [ValueError("x")]
    run = rate(engine, "One", retryPolicy={"maxAttempts": 2, "initialDelay": 1000, "jitter": False})
    engine.until_idle(run)
    assert engine.outputs(run) == {"got": {"value": 7}}
    assert engine.calls == ["rate", "rate"]
