"""What the world is told: status events on the bus, each once and in order, also when the bus was away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reactory.exceptions import UnavailableError
from reactory.ports.bus import BusEvent

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


class BrokenBus:
    """A bus that takes nothing."""

    def publish(self, events: Sequence[BusEvent]) -> None:
        raise UnavailableError("the bus is away")


def test_every_move_is_told_once_and_in_order(engine: Engine) -> None:
    """WH-23, IM-4, LC-2: PENDING → RUNNING → COMPLETED, each told once, with the ids and the times."""
    reference = engine.register(engine.document(engine.do("a"), engine.node("nap", "delay", duration=HOUR)))
    done = engine.start(reference, correlation_id="order-7")
    engine.work()
    engine.advance(HOUR)
    told = [(e.detail["previousStatus"], e.detail["status"], e.detail["timestamp"]) for e in engine.events()]
    assert told == [
        ("PENDING", "RUNNING", "2025-10-09T08:53:20.000Z"),
        ("RUNNING", "COMPLETED", "2025-10-09T09:53:20.000Z"),
    ]
    event = engine.events()[0]
    assert event.source == "reactory.workflow"
    assert event.detail | {"timestamp": ""} == {
        "instanceId": done,
        "workflowId": "test.Flow",
        "version": "1.0.0",
        "tenant": "default",
        "status": "RUNNING",
        "previousStatus": "PENDING",
        "reason": None,
        "correlationId": "order-7",
        "timestamp": "",
    }
    assert len({e.id for e in engine.events()}) == 2


def test_a_bus_that_is_away_is_told_later(engine: Engine) -> None:
    """IM-4, WH-23: what the bus did not take stays owed, the instance goes on, and the sweeper sees to it."""
    bus, engine.bus = engine.bus, BrokenBus()
    done = engine.run(engine.do("a"), engine.do("b"))
    assert engine.status(done) == "COMPLETED"
    assert engine.moves(done) == []
    assert engine.instance(done).wake_at is not None
    engine.bus = bus
    engine.new_worker()
    engine.advance(60_000)
    assert engine.moves(done) == ["RUNNING", "COMPLETED"]
    assert engine.instance(done).outbox == []
    assert engine.instance(done).wake_at is None
    assert engine.calls == ["a", "b"]


def test_what_is_owed_does_not_wait_for_the_next_timer(engine: Engine) -> None:
    """IM-4, WH-23: an instance that sleeps for long and owes news is looked after at the next sweep, and sleeps on."""
    bus, engine.bus = engine.bus, BrokenBus()
    sleeping = engine.run(engine.do("a"), engine.node("nap", "delay", duration=24 * HOUR))
    engine.bus = bus
    engine.new_worker()
    engine.advance(60_000)
    assert engine.moves(sleeping) == ["RUNNING"]
    assert engine.instance(sleeping).wake_at == engine.instance(sleeping).timer_at
    engine.advance(24 * HOUR)
    assert engine.status(sleeping) == "COMPLETED"


def test_news_of_a_settle_in_between_are_owed_too(engine: Engine) -> None:
    """IM-4: what a long pass owed from the middle of it stays owed to its end."""
    bus, engine.bus = engine.bus, BrokenBus()
    rounds = engine.node("each", "for_each", items=list(range(250)), steps=[engine.do("in", label="in")])
    sleeping = engine.run(rounds, engine.node("nap", "delay", duration=24 * HOUR))
    assert [entry.kind for entry in engine.instance(sleeping).outbox] == ["status"]
    engine.bus = bus
    engine.new_worker()
    engine.advance(60_000)
    assert engine.moves(sleeping) == ["RUNNING"]
    assert engine.instance(sleeping).wake_at == engine.instance(sleeping).timer_at


def test_a_crash_before_the_news_loses_none(engine: Engine) -> None:
    """WH-23: a worker that vanishes between its last write and the bus leaves the news in the document."""
    done = engine.begin(engine.do("a"))
    assert engine.crash(2)  # claim and settle
    moves = engine.moves(done)
    engine.recover()
    assert engine.moves(done)[len(moves) :] == ["RUNNING", "COMPLETED"] or engine.moves(done) == [
        "RUNNING",
        "COMPLETED",
    ]
    assert engine.instance(done).outbox == []
    assert engine.calls == ["a"]


def test_a_dead_letter_is_told_once_over_a_crash(engine: Engine) -> None:
    """WH-14: the dead-letter event has one id, so a repeated delivery after a crash can be told from a second failure."""
    engine.errors["a"] = [ValueError("no")] * 3
    failed = engine.begin(engine.do("a", retryPolicy={"maxAttempts": 1}))
    for writes in (1, 2, 3):
        engine.crash(writes)
        engine.recover()
    assert engine.status(failed) == "FAILED"
    assert len({event.id for event in engine.events("Workflow Instance Dead Lettered")}) == 1
