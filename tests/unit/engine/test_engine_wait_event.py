"""wait_event and emit_event: which event satisfies which wait, and when (WH-9 to WH-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from reactory.exceptions import IdempotencyConflictError, InvalidRequestError, StoreUnavailableError

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


def publish(engine: Engine, name: str = "paid", key: str = "o1", data: Any = None, **more: Any) -> str:
    event_id = engine.runner.events.publish(name, key, data, **more).event_id
    engine.work()
    return str(event_id)


def waiting(engine: Engine, step_id: str = "w", **config: Any) -> dict[str, Any]:
    return engine.node(step_id, "wait_event", **({"eventName": "paid", "eventKey": "'o1'"} | config))


def test_a_wait_ends_with_its_event(engine: Engine) -> None:
    """WH-9, YF-7: nothing runs while it waits; the event's payload is the step's output, and what follows goes on."""
    run = engine.run(waiting(engine), engine.do("after"), outputs={"got": "steps.w.outputs"})
    assert engine.statuses(run)["w"] == "WAITING"
    instance = engine.instance(run)
    assert (instance.wake_at, instance.lease_until) == (None, None)
    publish(engine, data={"amount": 3})
    assert engine.outputs(run) == {"got": {"amount": 3}}
    assert engine.calls == ["after"]


def test_an_event_that_came_first_is_delivered_if_it_is_not_too_old(engine: Engine) -> None:
    """WH-9: one published before the wait began counts if its time is not before the instance's creation."""
    publish(engine, data="too old")
    engine.clock.advance(5000)
    run = engine.begin(
        engine.node("nap", "delay", duration=10_000), waiting(engine), outputs={"got": "steps.w.outputs"}
    )
    engine.work()
    engine.clock.advance(1000)
    publish(engine, data={"n": 1})
    engine.advance(9000)
    assert engine.outputs(run) == {"got": {"n": 1}}


@pytest.mark.parametrize("ahead", [0, 30_000])
def test_an_event_of_a_publisher_whose_clock_is_ahead(engine: Engine, ahead: int) -> None:
    """WH-9: it came before the wait began, whatever the clock of whoever begins to wait says of its time."""
    run = engine.begin(waiting(engine), outputs={"got": "steps.w.outputs"})
    now = engine.clock.now()
    engine.clock.set(now + 60_000)
    event = engine.runner.events.publish("paid", "o1", {"n": 1}, time=now + 60_000 + ahead).event_id
    engine.clock.set(now + 60_000 + ahead)
    engine.runner.events.deliver(event)
    engine.clock.set(now)
    engine.work()
    assert engine.outputs(run) == {"got": {"n": 1}}


def test_an_effective_date_lets_older_events_count(engine: Engine) -> None:
    """WH-9: effectiveDate is the earliest time of an event that counts."""
    publish(engine, data={"n": 1})
    engine.clock.advance(HOUR)
    since = "${" + str(engine.clock.now() - HOUR) + "}"
    run = engine.run(waiting(engine, effectiveDate=since), outputs={"got": "steps.w.outputs"})
    assert engine.outputs(run) == {"got": {"n": 1}}


def test_a_future_event_is_delivered_at_its_time(engine: Engine) -> None:
    """WH-9, WH-7: an event with a time ahead waits for it, however far it is."""
    run = engine.run(waiting(engine), outputs={"got": "steps.w.outputs"})
    publish(engine, data={"n": 1}, time=engine.clock.now() + 50 * HOUR)
    engine.advance(50 * HOUR - 1)
    assert engine.status(run) == "RUNNING"
    engine.advance(1)
    engine.deliver_events()
    assert engine.outputs(run) == {"got": {"n": 1}}


def test_one_event_wakes_every_wait_that_matches(engine: Engine) -> None:
    """WH-9: in one instance and across instances; other names and keys are left alone."""
    both = engine.node(
        "p",
        "parallel",
        branches=[{"name": "a", "steps": [waiting(engine, "w1")]}, {"name": "b", "steps": [waiting(engine, "w2")]}],
    )
    first = engine.run(both)
    second = engine.run(waiting(engine), name="Other")
    third = engine.run(waiting(engine, eventKey="'o2'"), name="Third")
    any_key = engine.run(engine.node("w", "wait_event", eventName="paid"), name="Fourth")
    publish(engine)
    found = [engine.status(run) for run in (first, second, third, any_key)]
    assert found == ["COMPLETED", "COMPLETED", "RUNNING", "COMPLETED"]


def test_a_later_wait_needs_another_event(engine: Engine) -> None:
    """WH-9: what an earlier wait has consumed does not satisfy a later one; the oldest that is left does."""
    run = engine.run(waiting(engine, "w1"), waiting(engine, "w2"), outputs={"two": "steps.w2.outputs"})
    publish(engine, data={"n": 1})
    assert engine.statuses(run)["w2"] == "WAITING"
    publish(engine, data={"n": 2})
    assert engine.outputs(run) == {"two": {"n": 2}}


def test_earlier_events_come_in_the_order_of_their_times(engine: Engine) -> None:
    """WH-9: a wait takes the earliest event that is left, by the events' own times."""
    run = engine.begin(
        engine.node("nap", "delay", duration=HOUR),
        waiting(engine, "w1"),
        waiting(engine, "w2"),
        outputs={"one": "steps.w1.outputs", "two": "steps.w2.outputs"},
    )
    engine.work()
    now = engine.clock.now()
    publish(engine, data={"n": 2}, time=now + 20)
    publish(engine, data={"n": 1}, time=now + 10)
    engine.advance(HOUR)
    assert engine.outputs(run) == {"one": {"n": 1}, "two": {"n": 2}}


def test_the_same_event_twice_is_one(engine: Engine) -> None:
    """WH-11: a second publication under the same key changes nothing; another event under it is refused."""
    run = engine.run(waiting(engine, "w1"), waiting(engine, "w2"))
    first = publish(engine, data={"n": 1}, idempotency_key="k")
    assert publish(engine, data={"n": 1}, idempotency_key="k") == first
    assert engine.statuses(run)["w2"] == "WAITING"
    with pytest.raises(IdempotencyConflictError):
        publish(engine, data={"n": 2}, idempotency_key="k")


def test_a_time_out_fails_the_step(engine: Engine) -> None:
    """WH-12: onTimeout fail: at the due time, once, without another attempt; a late event is ignored."""
    run = engine.run(waiting(engine, timeout=HOUR))
    engine.advance(HOUR - 1)
    assert engine.status(run) == "RUNNING"
    engine.advance(1)
    assert engine.status(run) == "FAILED"
    assert "no event 'paid' within 3600000 ms" in engine.reason(run)["message"]
    publish(engine)
    assert engine.status(run) == "FAILED"


def test_a_time_out_may_go_on(engine: Engine) -> None:
    """WH-12: onTimeout continue: the step tells that it timed out, its variable is null, and the flow goes on."""
    run = engine.run(
        waiting(engine, timeout=HOUR, onTimeout="continue", outputVariable="payment"),
        outputs={"late": {"type": "boolean", "source": "steps.w.outputs.timedOut || false"}},
    )
    engine.advance(HOUR)
    assert engine.outputs(run) == {"late": True}
    assert engine.see(run)["variables"]["payment"] is None


def test_a_pause_stops_the_time_of_a_wait(engine: Engine) -> None:
    """WH-12, WH-17: a paused instance's time-outs stand still; an event that comes meanwhile counts, but nothing begins."""
    run = engine.run(waiting(engine, timeout=HOUR), engine.do("after"))
    engine.ask(run, "pause")
    engine.advance(2 * HOUR)
    assert engine.status(run) == "PAUSED"
    publish(engine)
    assert engine.calls == []
    engine.ask(run, "resume")
    assert engine.calls == ["after"]


def test_a_cancelled_wait_is_gone(engine: Engine) -> None:
    """WH-13: cancel removes the instance's waits and timers."""
    run = engine.run(waiting(engine, timeout=HOUR))
    assert [wait.name for wait in engine.instance(run).waits] == ["paid"]
    engine.ask(run, "cancel")
    instance = engine.instance(run)
    assert (instance.waits, instance.wake_at) == ([], None)


def test_a_lost_race_takes_its_waits_with_it(engine: Engine) -> None:
    """WH-13, YF-8: a join of any cancels the waits of the branches that have lost."""
    race = engine.node(
        "race",
        "parallel",
        join="any",
        branches=[
            {"name": "a", "steps": [waiting(engine, "w1")]},
            {"name": "b", "steps": [waiting(engine, "w2", eventKey="'o2'")]},
        ],
    )
    run = engine.run(race, waiting(engine, "w3", eventKey="'o3'"))
    publish(engine)
    assert [wait.path for wait in engine.instance(run).waits] == ["w3"]


def test_a_signal_is_for_one_instance(engine: Engine) -> None:
    """WR-9: a signal satisfies a wait of its name whatever its key, in one instance only, and also one that comes later."""
    first, second = engine.run(waiting(engine)), engine.run(waiting(engine), name="Other")
    engine.runner.events.signal(first, "paid", {"by": "hand"})
    engine.work()
    assert (engine.status(first), engine.status(second)) == ("COMPLETED", "RUNNING")
    third = engine.begin(engine.node("nap", "delay", duration=1000), waiting(engine), name="Third")
    engine.work()
    engine.runner.events.signal(third, "paid")
    engine.advance(1000)
    assert engine.status(third) == "COMPLETED"


def test_a_wait_beside_a_running_step_is_found(engine: Engine) -> None:
    """WH-4, WH-10: a wait is visible as soon as it begins, even while a step beside it runs for long."""
    seen: list[list[str]] = []
    steps = [engine.do("long", label="long"), waiting(engine) | {"dependsOn": []}, engine.do("after")]
    engine.during["long"] = lambda: publish_during(engine, seen)
    run = engine.run(*steps)
    engine.recover()
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"


def publish_during(engine: Engine, seen: list[list[str]]) -> None:
    engine.runner.events.publish("paid", "o1", None)


def test_a_workflow_wakes_another(engine: Engine) -> None:
    """WH-9, WH-5: emit_event publishes to waits everywhere, and to the bus, once."""
    run = engine.run(waiting(engine), outputs={"got": "steps.w.outputs"})
    emit = engine.node("e", "emit_event", eventName="paid", eventKey="input.order", data={"n": "${input.order}"})
    other = engine.run(
        emit,
        name="Other",
        data={"order": "o1"},
        inputs={"order": {"type": "string"}},
        outputs={"id": "steps.e.outputs"},
    )
    assert engine.outputs(run) == {"got": {"n": "o1"}}
    assert engine.outputs(other)["id"]["eventId"]
    assert [event.detail["name"] for event in engine.events("Workflow Event")] == ["paid"]


def test_a_loop_of_waits_keeps_the_state_small(engine: Engine) -> None:
    """WH-21, WH-9: a thousand events are consumed one by one, each once, and the state does not grow with them."""
    count = engine.node("c", "set_variable", action="set", key="n", value="${n + steps.w.outputs}")
    loop = engine.node("l", "while", condition="n < 500", maxIterations=1000, steps=[waiting(engine), count])
    run = engine.begin(engine.node("nap", "delay", duration=1000), loop, variables={"n": 0})
    engine.work()
    for number in range(500):
        engine.runner.events.publish("paid", "o1", 1, idempotency_key=f"k{number}")
    engine.advance(1000)
    assert engine.status(run) == "COMPLETED", engine.see(run)["variables"]
    assert len(engine.instance(run).state or "") < 20_000


def test_a_large_payload_goes_out_of_line(engine: Engine) -> None:
    """WR-15: an event of any size is delivered whole."""
    text = "x" * 300_000
    run = engine.run(waiting(engine), outputs={"size": {"type": "integer", "source": "size(steps.w.outputs.text)"}})
    publish(engine, data={"text": text})
    assert engine.outputs(run) == {"size": 300_000}


@pytest.mark.parametrize(("name", "key"), [("", "k"), ("x" * 257, "k"), ("n", "x" * 257), ("n\n", "")])
def test_a_wrong_name_is_refused(engine: Engine, name: str, key: str) -> None:
    """WR-11: an event that nobody could wait for is refused with what is wrong, and not stored."""
    with pytest.raises(InvalidRequestError, match=r"printable characters"):
        publish(engine, name, key)


def test_a_name_that_cannot_be_published_fails_its_step(engine: Engine) -> None:
    """WR-11: the step says what is wrong with it; nothing is left to be told for ever."""
    run = engine.run(engine.node("e", "emit_event", eventName="${'x' + input.long}"), **LONG)
    assert engine.status(run) == "FAILED"
    assert "at most 256 printable characters" in engine.reason(run)["message"]
    assert engine.instance(run).outbox == []


LONG: dict[str, Any] = {"data": {"long": "y" * 300}, "inputs": {"long": {"type": "string"}}}


def test_an_event_that_was_stored_is_not_refused(engine: Engine) -> None:
    """WH-11, WH-4: when it is stored, and then nobody can be told, the publisher is not made to publish it twice: the
    sweeper delivers it.
    """
    run = engine.run(waiting(engine))
    store = engine.instances

    class Deaf:
        def __getattr__(self, name: str) -> Any:
            if name == "waiting":
                raise StoreUnavailableError("not now")
            return getattr(store, name)

    engine.instances = cast("Any", Deaf())
    assert engine.runner.events.publish("paid", "o1").event_id
    engine.instances = store
    assert engine.status(run) == "RUNNING"
    engine.advance(60_000)
    assert engine.status(run) == "COMPLETED"
