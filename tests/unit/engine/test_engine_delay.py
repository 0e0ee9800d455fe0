"""delay: sleeps durably, as long as it says and no shorter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

DAY = 86_400_000
YEAR = 365 * DAY


@pytest.mark.parametrize(
    ("config", "ms"),
    [
        ({"duration": 1500}, 1500),
        ({"duration": "1500"}, 1500),
        ({"duration": "${input.ms}"}, 2500),
        ({"durationText": "5s"}, 5000),
        ({"durationText": "1m"}, 60_000),
        ({"durationText": "2h"}, 7_200_000),
        ({"durationText": "3d"}, 3 * DAY),
        ({"until": "2025-10-09T10:53:21.234+02:00"}, 1234),
        ({"until": "${input.at}"}, 1001),
        ({"until": "2025-10-09T08:53:21"}, 1000),
        ({"until": "${1760000002000}"}, 2000),
    ],
)
def test_a_delay_ends_at_its_time_and_not_before(engine: Engine, config: dict[str, Any], ms: int) -> None:
    """WH-6, WH-7, YF-7: nothing runs before the time is over, then the next step does; the output tells both times."""
    done = engine.run(
        engine.node("nap", "delay", **config),
        engine.do("after"),
        data={"ms": 2500, "at": "2025-10-09T08:53:21.001Z"},
        inputs={"ms": {"type": "integer"}, "at": {"type": "string"}},
        outputs={"nap": "steps.nap.outputs"},
    )
    assert engine.instance(done).wake_at == engine.clock.now() + ms
    assert engine.instance(done).lease_until is None
    engine.advance(ms - 1)
    assert engine.calls == []
    engine.advance(1)
    assert engine.calls == ["after"]
    assert engine.outputs(done) == {"nap": {"delayDuration": ms, "actualDuration": ms}}


def test_a_time_that_is_over_does_not_delay(engine: Engine) -> None:
    """WH-7: until a time in the past goes on at once."""
    engine.run(engine.node("nap", "delay", until="2001-01-01T00:00:00Z"), engine.do("after"))
    assert engine.calls == ["after"]


def test_a_delay_of_nothing_goes_on(engine: Engine) -> None:
    """WH-7: a duration of 0 goes on at once."""
    engine.run(engine.node("nap", "delay", duration=0), engine.do("after"))
    assert engine.calls == ["after"]


def test_a_delay_is_not_shortened_by_what_happens_beside_it(engine: Engine) -> None:
    """WH-6: steps that finish, fail and are retried beside a delay, a pause and a resume do not wake it."""
    engine.errors["busy"] = [ValueError("a"), ValueError("b")]
    done = engine.run(
        engine.node("nap", "delay", duration=60_000),
        engine.do("after"),
        engine.do("busy", dependsOn=[]),
        metadata={"retryPolicy": {"initialDelay": 1000, "jitter": False}},
    )
    engine.advance(1000)
    engine.ask(done, "pause")
    engine.ask(done, "resume")
    engine.advance(2000)
    assert engine.calls == ["busy", "busy", "busy"]
    engine.advance(56_999)
    assert engine.calls == ["busy"] * 3
    engine.advance(1)
    assert engine.calls[3:] == ["after"]
    assert engine.times[-1] == 60_000


def test_delays_fire_in_the_order_of_their_times(engine: Engine) -> None:
    """WH-6: of several delays each fires at its own time, also when all are found late."""
    engine.run(
        *(
            step
            for name, ms in {"c": 3000, "a": 1000, "b": 2000}.items()
            for step in (engine.node(f"nap_{name}", "delay", duration=ms) | {"dependsOn": []}, engine.do(name))
        )
    )
    engine.advance(10_000)
    assert engine.calls == ["a", "b", "c"]


def test_a_delay_of_years_is_kept_by_the_store_alone(engine: Engine) -> None:
    """WH-7: a delay of years needs no message and no process, and fires when its time has come."""
    done = engine.run(engine.node("nap", "delay", duration=30 * YEAR), engine.do("after"))
    assert engine.wakeups() == []
    engine.advance(30 * YEAR - 60_000)
    assert engine.calls == []
    engine.new_worker()
    engine.clock.advance(60_000)
    engine.work()
    assert engine.calls == ["after"]
    assert engine.status(done) == "COMPLETED"


def test_what_is_due_soon_gets_a_delayed_message(engine: Engine) -> None:
    """WH-7: a delay of some minutes fires by a message of its own, without a sweep."""
    engine.run(engine.node("nap", "delay", durationText="14m"), engine.do("after"))
    engine.clock.advance(14 * 60_000)
    engine.work()
    assert engine.calls == ["after"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"duration": "${input.bad}"}, "number of milliseconds"),
        ({"duration": "${0 - 5}"}, "number of milliseconds"),
        ({"duration": "${1.0 / 0.0}"}, ""),
        ({"durationText": "${input.bad}"}, "soon"),
        ({"until": "${input.bad}"}, "soon"),
        ({"until": "${input.local}"}, "local"),
        ({"duration": "${1000000000000000}"}, "hundred years"),
    ],
)
def test_a_delay_that_makes_no_sense_fails_its_step(engine: Engine, config: dict[str, Any], said: str) -> None:
    """WH-7: a computed duration that is none fails the step with a message that shows it."""
    failed = engine.run(
        engine.node("nap", "delay", **config),
        data={"bad": "soon", "local": "local time"},
        inputs={"bad": {"type": "string"}, "local": {"type": "string"}},
    )
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "nap"
    assert said in engine.reason(failed)["message"]


def test_a_sleeping_instance_says_so(engine: Engine) -> None:
    """YF-7: the view of a sleeping instance shows until when, and the step as SLEEPING."""
    sleeping = engine.run(engine.node("nap", "delay", duration=60_000, reason="cool down"))
    seen = engine.see(sleeping)
    assert seen["activity"] == "sleeping until 2025-10-09T08:54:20.000Z"
    assert engine.statuses(sleeping) == {"nap": "SLEEPING"}
    assert seen["timers"] == [{"path": "nap", "kind": "due", "at": "2025-10-09T08:54:20.000Z"}]


def test_a_delay_longer_than_its_timeout_fails(engine: Engine) -> None:
    """YF-6, YF-7: a delay that would end after its timeout fails when the time is over; a retry sleeps anew."""
    failed = engine.run(engine.node("nap", "delay", duration=60_000) | {"timeout": 5000}, engine.do("after"))
    engine.advance(4999)
    assert engine.status(failed) == "RUNNING"
    engine.advance(1)
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "nap"
    assert "5000 ms" in engine.reason(failed)["message"]
    (told,) = [entry for entry in engine.history(failed) if entry.get("path") == "nap"]
    assert told["error"]["code"] == "step_timeout"
    engine.advance(60_000)
    engine.ask(failed, "retry")
    assert engine.statuses(failed)["nap"] == "SLEEPING"
    engine.advance(5000)
    assert engine.trail(failed, "nap") == ["FAILED", "FAILED"]
    assert engine.calls == []


def test_a_delay_that_ends_in_time_has_no_timeout(engine: Engine) -> None:
    """YF-6, WH-6: a delay not longer than its timeout ends as it would without one."""
    done = engine.run(engine.node("nap", "delay", duration=5000) | {"timeout": 5000}, engine.do("after"))
    engine.advance(5000)
    assert engine.status(done) == "COMPLETED"
    assert engine.calls == ["after"]


def test_a_delay_that_may_time_out_is_passed_over(engine: Engine) -> None:
    """YF-6: with continueOnError what follows goes on when the delay has timed out."""
    done = engine.run(
        engine.node("nap", "delay", duration=60_000) | {"timeout": 5000, "continueOnError": True},
        engine.do("after"),
        outputs={"code": "steps.nap.error.code"},
    )
    engine.advance(5000)
    assert engine.outputs(done) == {"code": "step_timeout"}
    assert engine.calls == ["after"]
