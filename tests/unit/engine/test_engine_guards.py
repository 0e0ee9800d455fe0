"""Breakers, rates and limits of what runs at once: what holds a step, for how long, and that it costs no attempt."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from reactory import PermanentStepError, RetryableStepError
from reactory.exceptions import StoreUnavailableError
from reactory.ports.breakers import BreakerRules, Permit
from reactory.ports.slots import SlotClaim

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.engine.conftest import Engine

ONCE: dict[str, Any] = {"retryPolicy": {"maxAttempts": 1}}
BREAKER: dict[str, Any] = {"key": "bank", "failureThreshold": 2, "recoveryTime": 10_000, "successThreshold": 1}


class DownError(RetryableStepError):
    category = "network"


class WrongError(PermanentStepError):
    category = "validation"


def open_breaker(engine: Engine, key: str = "bank") -> None:
    """Open until ten seconds from now."""
    rules = BreakerRules(1, 60_000, 10_000, 1, 1)
    engine.breakers.report(Permit("default", key), rules, engine.clock.now(), failed=True)


def holds(engine: Engine, instance_id: str) -> list[dict[str, Any]]:
    return [entry for entry in engine.history(instance_id) if entry["event"] == "held"]


# --- breakers ---------------------------------------------------------------------------------------------------------


def test_a_step_waits_for_an_open_breaker_without_spending_an_attempt(engine: Engine) -> None:
    """CB-2: it is not called, sleeps until the breaker may be tried, and then has its first attempt."""
    open_breaker(engine)
    run = engine.run(engine.do("a", circuitBreaker=BREAKER, **ONCE))
    assert engine.calls == []
    seen = engine.see(run)
    (shown,) = seen["steps"]
    assert (shown["status"], shown["attempt"]) == ("SLEEPING", 1)
    assert shown["heldBy"] == {"guard": "circuit", "key": "bank"}
    assert seen["activity"] == "sleeping until 2025-10-09T08:53:30.000Z: circuit 'bank' is open"
    (held,) = holds(engine, run)
    assert (held["path"], held["by"], held["key"]) == ("a", "circuit", "bank")
    assert held["until"] == "2025-10-09T08:53:30.000Z"
    engine.advance(10_000)
    assert engine.status(run) == "COMPLETED"
    assert engine.trail(run, "a") == ["SLEEPING", "COMPLETED"]
    assert [entry["attempt"] for entry in engine.history(run) if entry.get("path") == "a"] == [1, 1]


def test_failures_open_the_breaker_for_all(engine: Engine) -> None:
    """CB-1, CB-6: what fails in one instance holds the steps of others; the change is told once, on bus and log."""
    engine.errors["a"] = [DownError("down")] * 2
    reference = engine.register(engine.document(engine.do("a", label="a", circuitBreaker=BREAKER, **ONCE)))
    runs = []
    for _ in range(3):
        runs.append(engine.start(reference))
        engine.work()
    assert engine.calls == ["a", "a"]
    assert [engine.status(run) for run in runs] == ["FAILED", "FAILED", "RUNNING"]
    (event,) = engine.events("Circuit Breaker State Change")
    assert {key: event.detail[key] for key in ("circuit", "tenant", "previousState", "state")} == {
        "circuit": "bank",
        "tenant": "default",
        "previousState": "closed",
        "state": "open",
    }
    engine.advance(10_000)
    assert engine.status(runs[2]) == "COMPLETED"
    moved = [
        (one.detail["previousState"], one.detail["state"]) for one in engine.events("Circuit Breaker State Change")
    ]
    assert moved == [("closed", "open"), ("open", "half_open"), ("half_open", "closed")]


@pytest.mark.parametrize("error", [WrongError("no"), PermissionError("no")])
def test_errors_of_the_caller_do_not_count(engine: Engine, error: Exception) -> None:
    """CB-8: validation and permission say nothing about the other side."""
    engine.errors["a"] = [error] * 9
    reference = engine.register(engine.document(engine.do("a", label="a", circuitBreaker=BREAKER, **ONCE)))
    for _ in range(4):
        engine.start(reference)
        engine.work()
    assert len(engine.calls) == 4
    assert engine.breakers.get("default", "bank") is None


def test_holds_grow_no_back_off(engine: Engine) -> None:
    """CB-2: the attempt after a hold has the number, and the one after it the pause, that it would have had anyway."""
    engine.errors["a"] = [ValueError("1"), ValueError("2")]
    policy: dict[str, Any] = {"retryPolicy": {"maxAttempts": 3, "initialDelay": 1000, "jitter": False}}
    run = engine.run(engine.do("a", circuitBreaker=BREAKER | {"failureThreshold": 100}, **policy))
    open_breaker(engine)
    engine.advance(1000)
    assert engine.calls == ["a"]
    engine.until_idle(run)
    assert engine.times == [0, 10_000, 20_000]  # the second failure has opened it again
    assert engine.trail(run, "a") == ["FAILED", "SLEEPING", "FAILED", "SLEEPING", "COMPLETED"]
    failed = [entry["attempt"] for entry in engine.history(run) if entry.get("error")]
    assert failed == [1, 2]


@pytest.mark.parametrize(
    ("declared", "metadata", "key"),
    [
        (True, {}, "step:test.Flow:a"),
        ({}, {}, "step:test.Flow:a"),
        ({"key": "${'bank-' + input.of}"}, {}, "bank-x"),
        (None, {"circuitBreaker": True}, "workflow:test.Flow"),
        (True, {"circuitBreaker": True}, "step:test.Flow:a"),
        (None, {"circuitBreaker": {"recoveryTime": "1m"}}, "workflow:test.Flow"),
    ],
)
def test_what_a_task_s_breaker_is_about(engine: Engine, declared: Any, metadata: dict[str, Any], key: str) -> None:
    """CB-6: by key, by step, or one for all tasks of a workflow."""
    open_breaker(engine, key)
    more = {} if declared is None else {"circuitBreaker": declared}
    run = engine.run(engine.do("a", **more), data={"of": "x"}, metadata=metadata)
    assert [held["key"] for held in holds(engine, run)] == [key]


@pytest.mark.parametrize("key", ["a/b", "a?b", "50%", "#1", ".."])
def test_a_breaker_that_nobody_could_reach_by_its_key_fails_the_step(engine: Engine, key: str) -> None:
    """CB-6, CB-7: a rendered key that does not fit into the path of the routes is an error that says so."""
    run = engine.run(engine.do("a", circuitBreaker={"key": "${input.of}"}), data={"of": key})
    assert engine.status(run) == "FAILED"
    assert "circuitBreaker key of 'a' must not contain `/`" in engine.reason(run)["message"]


@pytest.mark.parametrize(("declared", "metadata"), [(False, {"circuitBreaker": True}), (None, {})])
def test_a_task_without_a_breaker_asks_nobody(engine: Engine, declared: Any, metadata: dict[str, Any]) -> None:
    """CB-6: ``circuitBreaker: false`` takes a step out of its workflow's breaker."""
    for key in ("step:test.Flow:a", "workflow:test.Flow"):
        open_breaker(engine, key)
    run = engine.run(engine.do("a", **({} if declared is None else {"circuitBreaker": declared})), metadata=metadata)
    assert engine.status(run) == "COMPLETED"


def test_calls_have_a_breaker_per_host_and_services_one_each(engine: Engine) -> None:
    """CB-6: api_call and service_invoke are guarded without being asked to."""
    open_breaker(engine, "host:api.example.com")
    open_breaker(engine, "service:acme.Mail@1.0.0")
    run = engine.run(
        engine.node("call", "api_call", url="https://API.example.com/orders?x=1", method="GET") | {"dependsOn": []},
        engine.node("ask", "service_invoke", service="acme.Mail@1.0.0", method="send") | {"dependsOn": []},
    )
    assert [held["key"] for held in holds(engine, run)] == ["host:api.example.com", "service:acme.Mail@1.0.0"]


# --- rates ------------------------------------------------------------------------------------------------------------


def test_a_rate_lets_steps_wait_for_their_turn(engine: Engine) -> None:
    """EH-6: no more than the limit in any window, none twice, and no attempt is spent on waiting."""
    limit: dict[str, Any] = {"key": "mails", "limit": 2, "per": "1s"}
    run = engine.run(engine.node("each", "for_each", items=list(range(6)), steps=[engine.do("a", rateLimit=limit)]))
    assert len(engine.calls) == 2
    assert "rate limit 'mails'" in engine.see(run)["activity"]
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
    assert sorted(engine.times) == [0, 0, 500, 1000, 1500, 2000]
    assert {entry["attempt"] for entry in engine.history(run) if entry.get("attempt")} == {1}


def test_rates_are_shared_by_instances_and_kept_apart_by_key(engine: Engine) -> None:
    """EH-6: the key may be computed; equal keys share, others do not."""
    limit: dict[str, Any] = {"key": "${input.customer}", "limit": 1, "per": 60_000}
    reference = engine.register(engine.document(engine.do("a", rateLimit=limit)))
    runs = [engine.start(reference, {"customer": name}) for name in ("ann", "bob", "ann")]
    engine.work()
    assert sorted(engine.status(run) for run in runs) == ["COMPLETED", "COMPLETED", "RUNNING"]
    assert engine.status(runs[1]) == "COMPLETED"
    engine.advance(60_000)
    assert {engine.status(run) for run in runs} == {"COMPLETED"}


# --- what runs at once ------------------------------------------------------------------------------------------------


def test_no_more_than_the_limit_run_at_once(engine: Engine) -> None:
    """EH-6: a step that finds no slot waits for one, and each slot is given back."""
    at_once: list[int] = []
    engine.before = lambda _label: at_once.append(len(_holders(engine, "printer")))
    limit: dict[str, Any] = {"key": "printer", "limit": 2}
    run = engine.run(engine.node("each", "for_each", items=list(range(7)), steps=[engine.do("a", concurrency=limit)]))
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
    assert len(engine.calls) == 7
    assert max(at_once) == 2
    assert _holders(engine, "printer") == {}


def _holders(engine: Engine, key: str) -> dict[str, int]:
    table: Any = engine.slots
    items = table._table._items
    return next((item["holders"] for pk, item in items.items() if key in pk), {})


def test_a_slot_is_given_back_however_the_attempt_ends(engine: Engine) -> None:
    """EH-6: after a failure too, and after a cancel."""
    limit: dict[str, Any] = {"key": "printer", "limit": 1}
    engine.errors["a"] = [ValueError("no")]
    engine.run(engine.do("a", label="a", concurrency=limit, **ONCE))
    assert _holders(engine, "printer") == {}


class _Slow:
    """Slots that are taken at once, and whose answer takes longer than a lease."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._slots = engine, engine.slots

    def take(self, *args: Any) -> int | None:
        answer = self._slots.take(*args)
        self._engine.clock.advance(self._engine.limits.lease_ms + 1)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._slots, name)


def test_a_slot_is_given_back_by_who_kept_the_lease_after_all(engine: Engine) -> None:
    """EH-6: the lease had run out before the step began, nobody had taken it, and it was renewed for this instance."""
    slots = engine.slots
    engine.slots = _Slow(engine)
    run = engine.run(engine.do("a", label="a", concurrency={"key": "printer", "limit": 1}, timeout=600_000))
    engine.slots = slots
    assert engine.status(run) == "COMPLETED"
    assert _holders(engine, "printer") == {}


def test_a_slot_is_kept_by_who_waits_for_a_thread(engines: Callable[..., Engine]) -> None:
    """EH-6: a synchronous step whose turn comes late has its slot still; nobody else gets it meanwhile."""
    engine = engines(step_threads=1)
    refused: list[bool] = []

    def passes() -> None:
        engine.clock.advance(100_000)
        now = engine.clock.now()
        refused.append(engine.slots.take("default", "printer", SlotClaim(1, "other", now + 1), now) is not None)

    engine.during["a"] = passes
    limit: dict[str, Any] = {"key": "printer", "limit": 1}
    first = engine.do("a", label="a", handler="t.thread")
    second = engine.do("b", label="b", handler="t.thread", concurrency=limit, timeout=10_000, dependsOn=[])
    run = engine.run(first, second)
    assert (engine.calls, refused) == (["a", "b"], [True])
    assert engine.status(run) == "COMPLETED"


def test_the_slot_of_a_dead_process_is_its_attempt_s_own(engine: Engine) -> None:
    """EH-6, WH-1: whoever runs the attempt again after a crash holds its slot still; nothing is stranded."""
    run = engine.begin(engine.do("a", label="a", concurrency={"key": "printer", "limit": 1}))
    engine.crash_in("a")
    engine.work()
    assert engine.status(run) == "COMPLETED"
    assert engine.calls == ["a", "a"]
    assert holds(engine, run) == []


def test_the_slot_of_somebody_who_died_is_free_again_after_a_while(engine: Engine) -> None:
    """EH-6: a slot counts for the attempt's time limit and a margin, no longer."""
    engine.slots.take("default", "printer", SlotClaim(1, "a ghost", engine.clock.now() + 60_000), engine.clock.now())
    run = engine.run(engine.do("a", concurrency={"key": "printer", "limit": 1}))
    engine.advance(59_000)
    assert engine.calls == []
    engine.advance(2000)
    assert engine.status(run) == "COMPLETED"


def test_waiting_for_a_slot_asks_less_and_less_often(engine: Engine) -> None:
    """EH-6: from a quarter of a second to fifteen, spread by a hash, the same in a replay."""
    engine.slots.take("default", "printer", SlotClaim(1, "other", engine.clock.now() + 600_000), engine.clock.now())
    run = engine.run(engine.do("a", concurrency={"key": "printer", "limit": 1}))
    pauses: list[int] = []
    for _ in range(12):
        wake_at = engine.instance(run).wake_at
        assert wake_at is not None
        pauses.append(wake_at - engine.clock.now())
        engine.advance(pauses[-1])
    assert 250 <= pauses[0] <= 500
    assert all(7500 <= pause <= 15_000 for pause in pauses[-4:])
    assert len(holds(engine, run)) == 13


# --- together ---------------------------------------------------------------------------------------------------------


def test_what_one_guard_gave_is_handed_back_when_another_refuses(engine: Engine) -> None:
    """EH-6, CB-3: a step that waits for its rate keeps neither slot nor half-open permit."""
    open_breaker(engine)
    engine.clock.advance(10_000)  # half open for the next that asks
    guards: dict[str, Any] = {
        "circuitBreaker": {"key": "bank", "halfOpenMaxAttempts": 1, "successThreshold": 1, "recoveryTime": 10_000},
        "concurrency": {"key": "printer", "limit": 1},
        "rateLimit": {"key": "mails", "limit": 1, "per": "1m"},
    }
    engine.run(engine.do("x", rateLimit=guards["rateLimit"]), name="Other")
    run = engine.run(engine.do("a", **guards))
    assert [held["by"] for held in holds(engine, run)] == ["rate"]
    assert _holders(engine, "printer") == {}
    breaker = engine.breakers.get("default", "bank")
    assert breaker is not None
    assert (breaker.state, breaker.in_flight) == ("half_open", 0)
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"


class _Unreachable:
    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise StoreUnavailableError("the table is gone")

        return fail


def test_counters_out_of_reach_let_everything_pass(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """CB-6: guards protect others; without their counters work goes on, and the log says so once a minute."""
    engine.breakers = engine.buckets = engine.slots = _Unreachable()
    guards: dict[str, Any] = {
        "circuitBreaker": True,
        "concurrency": {"key": "printer", "limit": 1},
        "rateLimit": {"key": "mails", "limit": 1, "per": "1m"},
    }
    caplog.set_level(logging.WARNING, "reactory.host")
    run = engine.run(engine.node("each", "for_each", items=[1, 2, 3], steps=[engine.do("a", **guards)]))
    assert engine.status(run) == "COMPLETED"
    assert len([one for one in caplog.records if "cannot be reached" in one.getMessage()]) == 1


class _Counted:
    """Counters that take ``seconds`` for every call, then fail or say yes."""

    def __init__(self, engine: Engine, seconds: float, *, fails: bool) -> None:
        self.calls = 0
        self.fails = fails
        self._engine = engine
        self._seconds = seconds

    def __getattr__(self, _: str) -> Any:
        def call(*_: Any, **__: Any) -> None:
            self.calls += 1
            self._engine.clock.advance(self._seconds * 1000)
            if self.fails:
                raise StoreUnavailableError("no answer")

        return call


def test_counters_that_do_not_answer_are_left_alone_for_half_a_minute(engine: Engine) -> None:
    """CB-6: one call waits for them, not one for each attempt; half a minute later one call tries again."""
    engine.buckets = counters = _Counted(engine, 4.0, fails=True)
    engine.breakers = engine.slots = _Unreachable()
    limited: dict[str, Any] = {"rateLimit": {"key": "mails", "limit": 1, "per": "1m"}}
    steps = [engine.do("a", label="a", **limited)]
    reference = engine.register(engine.document(engine.node("each", "for_each", items=list(range(20)), steps=steps)))
    for expected in (1, 1, 2):
        run = engine.start(reference)
        engine.work()
        assert engine.status(run) == "COMPLETED"
        assert counters.calls == expected
        engine.advance(20_000)
    counters.fails = False
    engine.advance(20_000)
    engine.start(reference)
    engine.work()
    assert counters.calls > 3


def test_slow_counters_hold_a_round_of_questions_up_for_seconds_only(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """CB-6: after five seconds the rest of the round passes unasked, and the log says so."""
    engine.buckets = counters = _Counted(engine, 2.0, fails=False)
    limited: dict[str, Any] = {"rateLimit": {"key": "mails", "limit": 1, "per": "1m"}}
    run = engine.run(*[engine.do(f"s{i}", **limited) | {"dependsOn": []} for i in range(20)])
    assert engine.status(run) == "COMPLETED"
    assert counters.calls == 3
    assert "too slowly" in caplog.text


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_a_held_instance_can_be_paused_and_cancelled(engine: Engine, action: Any) -> None:
    """CB-2, WH-17: a hold is like any other sleep."""
    open_breaker(engine)
    run = engine.run(engine.do("a", circuitBreaker=BREAKER))
    engine.ask(run, action)
    engine.advance(20_000)
    assert engine.calls == []
    if action == "pause":
        engine.ask(run, "resume")
        assert engine.status(run) == "COMPLETED"
        assert engine.trail(run, "a") == ["SLEEPING", "COMPLETED"]
    else:
        assert engine.status(run) == "CANCELLED"


def test_a_rewind_drops_a_held_step(engine: Engine) -> None:
    """CB-2, WH-22: what was held is begun anew, as an execution of its own."""
    open_breaker(engine)
    run = engine.run(engine.do("first", label="first"), engine.do("a", label="a", circuitBreaker=BREAKER))
    engine.runner.control.control(run, "rewind", step="first")
    engine.work()
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
    assert engine.calls == ["first", "first", "a"]


def test_a_step_that_runs_at_most_once_is_held_too(engine: Engine) -> None:
    """CB-2, WH-19: a crash while it is held is no interruption: it had not begun."""
    open_breaker(engine)
    run = engine.run(engine.do("a", circuitBreaker=BREAKER, execution="at_most_once"))
    engine.new_worker()
    engine.recover()
    assert engine.status(run) == "COMPLETED"
    assert engine.trail(run, "a") == ["SLEEPING", "COMPLETED"]


def test_a_step_that_is_held_learns_of_a_reset_within_a_minute(engine: Engine) -> None:
    """CB-2, CB-5: however long the breaker would have stayed open."""
    rules = BreakerRules(1, 60_000, 3_600_000, 1, 1)
    engine.breakers.report(Permit("default", "bank"), rules, engine.clock.now(), failed=True)
    run = engine.run(engine.do("a", circuitBreaker=BREAKER | {"recoveryTime": "1h"}, **ONCE))
    assert engine.calls == []
    engine.breakers.reset("default", "bank", engine.clock.now())
    engine.advance(60_000)
    assert engine.status(run) == "COMPLETED"


def test_a_frozen_hold_costs_no_attempt_either(engine: Engine) -> None:
    """CB-2, LC-14: a held step that another one's end stops is taken up with the attempts that it had."""
    open_breaker(engine)
    engine.errors["b"] = [ValueError("no")]
    run = engine.run(
        engine.do("a", label="a", circuitBreaker=BREAKER, dependsOn=[]),
        engine.do("b", label="b", dependsOn=[], errorPolicy="terminate", **ONCE),
    )
    assert engine.status(run) == "FAILED"
    engine.clock.advance(10_000)
    engine.ask(run, "retry")
    assert engine.status(run) == "COMPLETED"
    assert [entry["attempt"] for entry in engine.history(run) if entry.get("path") == "a"] == [1, 1]


@pytest.mark.parametrize("writes", range(8))
def test_holds_survive_crashes(engine: Engine, writes: int) -> None:
    """CB-2, WH-1: wherever the process dies, the step is tried when its time has come, with its first attempt."""
    open_breaker(engine)
    run = engine.begin(engine.do("a", circuitBreaker=BREAKER), engine.do("b", concurrency={"key": "k", "limit": 1}))
    engine.crash(writes)
    engine.recover()
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
    attempts = {entry["attempt"] for entry in engine.history(run) if entry["event"] == "step_completed"}
    assert attempts == {1}
