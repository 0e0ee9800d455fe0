"""Failed attempts are counted once they are durable, and counting them is never in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.exceptions import StoreUnavailableError

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def counts(engine: Engine) -> dict[tuple[str, str], int]:
    found = engine.error_statistics.counts("default", None, 100)
    return {(one.step_id, one.category): one.count for one in found}


def test_every_failed_attempt_is_counted(engine: Engine) -> None:
    """EH-13: by workflow, step and category, with severity, message, instance and attempt of the latest."""
    engine.errors["a"] = [ValueError("1"), ConnectionError("2"), ConnectionError("3")]
    run = engine.run(engine.do("a", retryPolicy={"maxAttempts": 3, "initialDelay": 0}))
    assert engine.status(run) == "FAILED"
    assert counts(engine) == {("a", "unknown"): 1, ("a", "network"): 2}
    latest = engine.error_statistics.counts("default", "test.Flow", 10)[0]
    assert (latest.category, latest.message, latest.severity, latest.instance_id) == ("network", "3", "medium", run)


def test_a_replay_counts_nothing_again(engine: Engine) -> None:
    """EH-13: what was counted is not counted anew by whoever recovers the instance."""
    engine.errors["a"] = [ValueError("1")]
    run = engine.run(engine.do("a"))
    for _ in range(3):
        engine.new_worker()
        engine.ask(run, "pause")
        engine.new_worker()
        engine.ask(run, "resume")
    engine.until_idle(run)
    assert counts(engine) == {("a", "unknown"): 1}


def test_a_failure_that_a_request_overtakes_is_counted_once(engine: Engine) -> None:
    """EH-13, WH-17: an attempt failed, and before that was written somebody paused the instance, a moment later."""

    def pause() -> None:
        engine.clock.advance(5)
        engine.control(run, "pause")

    engine.errors["a"] = [ValueError("1")]
    engine.during["b"] = pause
    branches = [{"name": name, "steps": [engine.do(name, label=name)]} for name in "ab"]
    run = engine.begin(engine.node("p", "parallel", branches=branches))
    engine.work()
    assert engine.status(run) == "PAUSED"
    assert counts(engine) == {("a", "unknown"): 1}


def test_an_interruption_counts_as_the_failed_attempt_that_it_is(engine: Engine) -> None:
    """EH-13, EH-7: of a step that may run only once."""
    run = engine.begin(engine.do("a", label="a", execution="at_most_once"))
    engine.crash_in("a")
    engine.work()
    assert engine.status(run) == "FAILED"
    assert counts(engine) == {("a", "system"): 1}
    assert len({event.id for event in engine.events("Workflow Alert")}) == 1


class _Broken:
    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any) -> Any:
            raise StoreUnavailableError("gone")

        return fail


def test_statistics_that_cannot_be_written_stop_nobody(engine: Engine) -> None:
    """EH-13: the instance goes on as if nothing were."""
    engine.error_statistics = _Broken()  # type: ignore[assignment]  # what a database that is down looks like
    engine.errors["a"] = [ValueError("1")]
    run = engine.run(engine.do("a"))
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
