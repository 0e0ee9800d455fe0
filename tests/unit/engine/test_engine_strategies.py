"""What each category of error asks for when no retryPolicy is declared, and what a declared one cannot change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from reactory import PermanentStepError, RetryableStepError, StepContext, step

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

DAY = 86_400_000


class OddError(Exception):
    """A step's own, which says what it is."""

    def __init__(self, category: str, retry_after: int | None = None) -> None:
        super().__init__("odd")
        self.category = category
        self.retry_after = retry_after


def broken(engine: Engine, *errors: Exception, **more: Any) -> str:
    """An instance whose only step fails with these errors, one per attempt."""
    engine.errors["a"] = list(errors)
    instance_id = engine.run(engine.do("a", **more))
    engine.until_idle(instance_id)
    return instance_id


def pauses(engine: Engine) -> list[int]:
    return [later - earlier for earlier, later in zip(engine.times, engine.times[1:], strict=False)]


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("network", [500, 1250, 3125, 7812]),
        ("timeout", [1000, 2000]),
        ("validation", []),
        ("permission", [0]),
        ("resource", [5000, 10_000, 20_000, 40_000]),
        ("system", [1000, 2000]),
        ("unknown", [5000]),
    ],
)
def test_each_category_has_its_own_strategy(engine: Engine, category: str, expected: list[int]) -> None:
    """EH-2 to EH-8: how often and after which pauses a step without a policy is tried again is up to the error."""
    failed = broken(engine, *[OddError(category)] * 9)
    assert engine.status(failed) == "FAILED"
    found = pauses(engine)
    assert len(found) == len(expected)
    for pause, base in zip(found, expected, strict=True):
        assert base <= pause <= base * 1.1 + 1
    assert engine.trail(failed, "a") == ["FAILED"] * (len(expected) + 1)


def test_the_conservative_policy_has_no_jitter(engine: Engine) -> None:
    """EH-8: an error that nobody knows is tried once more, exactly five seconds later."""
    broken(engine, *[ValueError("?")] * 9)
    assert engine.times == [0, 5000]


def test_the_latest_error_decides(engine: Engine) -> None:
    """EH-15: every attempt is classified, and the next pause is that of its error."""
    failed = broken(engine, ConnectionError("gone"), MemoryError(), *[ValueError("?")] * 9)
    first, second = pauses(engine)
    assert 500 <= first <= 550
    assert 10_000 <= second <= 11_000
    categories = [e["error"]["category"] for e in engine.history(failed) if e.get("path") == "a"]
    assert categories == ["network", "resource", "unknown"]


@pytest.mark.parametrize(("asked", "waited"), [(90_000, 90_000), (3 * DAY, DAY)])
def test_the_other_side_is_given_the_time_that_it_asks_for(engine: Engine, asked: int, waited: int) -> None:
    """EH-6: Retry-After counts, above the policy's cap too, and a day at most."""
    broken(engine, OddError("resource", asked), retryPolicy={"maxAttempts": 2, "maxDelay": 10, "jitter": False})
    assert engine.times == [0, waited]


@pytest.mark.parametrize(("category", "attempts"), [("validation", 1), ("permission", 2), ("network", 4)])
def test_a_declared_policy_does_not_retry_what_is_never_retried(engine: Engine, category: str, attempts: int) -> None:
    """EH-4, EH-5: a declared policy sets attempts and pauses, but validation is not retried and permission only once."""
    failed = broken(engine, *[OddError(category)] * 9, retryPolicy={"maxAttempts": 4, "initialDelay": 0})
    assert len(engine.calls) == attempts
    assert engine.status(failed) == "FAILED"


def test_an_error_that_says_so_is_not_retried(engine: Engine) -> None:
    """EH-1: whatever its category allows, an error that is not retryable is the last."""

    class DeclinedError(PermanentStepError):
        category = "network"

    broken(engine, DeclinedError("never"))
    assert engine.calls == ["a"]


def test_the_attempt_after_a_denial_is_told_to_refresh_its_credentials(engine: Engine) -> None:
    """EH-5: one more attempt, at once, in which the step is to fetch its credentials anew; an operator's retry begins afresh."""
    told: list[bool] = []

    @step("t.guarded")
    async def guarded(ctx: StepContext) -> None:
        told.append(ctx.refresh_credentials)
        if len(told) < 4:
            raise PermissionError("the token is too old")

    engine.steps.add(guarded)
    run = engine.run({"id": "a", "type": "task", "config": {"handler": "t.guarded"}})
    assert told == [False, True]
    assert engine.reason(run)["code"] == "dead_lettered"
    engine.ask(run, "retry")
    assert told == [False, True, False, True]
    assert engine.status(run) == "COMPLETED"


def test_a_denial_is_forgiven_once_even_between_other_errors(engine: Engine) -> None:
    """EH-5: the second denial is the last, also when something else failed in between."""
    broken(engine, PermissionError("no"), ConnectionError("gone"), PermissionError("no"), ConnectionError("gone"))
    assert len(engine.calls) == 3


@pytest.mark.parametrize(
    ("category", "severity", "level"),
    [
        ("system", "critical", logging.ERROR),
        ("resource", "high", logging.ERROR),
        ("permission", "high", logging.ERROR),
        ("network", "medium", logging.WARNING),
        ("timeout", "medium", logging.WARNING),
        ("unknown", "medium", logging.WARNING),
        ("validation", "low", logging.INFO),
    ],
)
def test_severity_and_level_follow_from_the_category(
    engine: Engine, caplog: pytest.LogCaptureFixture, category: str, severity: str, level: int
) -> None:
    """EH-14: history and view show category and severity, and the attempt is logged as loudly as that."""
    caplog.set_level(logging.INFO, "reactory.step")
    failed = broken(engine, OddError(category), retryPolicy={"maxAttempts": 1})
    (shown,) = engine.see(failed)["steps"]
    (told,) = [entry for entry in engine.history(failed) if entry.get("path") == "a"]
    for error in (shown["error"], told["error"]):
        assert (error["category"], error["severity"]) == (category, severity)
    (record,) = [one for one in caplog.records if one.name == "reactory.step"]
    assert record.levelno == level


def test_an_error_of_the_system_alerts_once_per_attempt(engine: Engine) -> None:
    """EH-7: each such attempt publishes one alert, after it is durable, however often the process dies before."""
    engine.errors["a"] = [OddError("system")] * 9
    run = engine.begin(engine.do("a"))
    for writes in range(12):
        engine.crash(writes)
        engine.recover()
    engine.until_idle(run)
    alerts = {event.id: event.detail for event in engine.events("Workflow Alert")}
    assert [detail["attempt"] for detail in alerts.values()] == [1, 2, 3]
    assert {detail["severity"] for detail in alerts.values()} == {"critical"}
    assert {detail["stepId"] for detail in alerts.values()} == {"a"}


def test_other_errors_alert_nobody(engine: Engine) -> None:
    """EH-7: only errors of the system do."""
    broken(engine, *[RetryableStepError("again")] * 9)
    assert engine.events("Workflow Alert") == []
