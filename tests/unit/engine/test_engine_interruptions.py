"""Workers that vanish, are slow, or have to stop: what was finished stays finished, nobody does another's work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from reactory.host.sweeper import sweep
from reactory.host.worker import WakeUp
from reactory.kernel.facts import Control, encode_fact
from reactory.ports.store import InboxEntry, Push, Settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.engine.conftest import Engine


def settle_of(engine: Engine, instance_id: str, owner: str, epoch: int) -> Settle:
    instance = engine.instance(instance_id)
    return Settle(
        instance_id=instance_id,
        epoch=epoch,
        owner=owner,
        state=instance.state or "{}",
        status="FAILED",
        reason=None,
        started_at=None,
        completed_at=None,
        updated_at=0,
        wake_at=None,
        timer_at=None,
        waits=[],
        outbox=[],
        history=[],
    )


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_finished_step_never_runs_again(engine: Engine, writes: int) -> None:
    """WH-1, WH-3: wherever the worker vanishes, another one goes on after the lease, and no recorded step runs again."""
    instance_id = engine.begin(*(engine.do(name, value=name) for name in "abc"), outputs={"c": "steps.c.value"})
    assert engine.crash(writes)
    recorded = [entry["path"] for entry in engine.history(instance_id) if entry["event"] == "step_completed"]
    before = len(engine.calls)
    engine.recover()
    assert engine.outputs(instance_id) == {"c": "c"}
    assert not set(engine.calls[before:]) & set(recorded)
    assert [entry["path"] for entry in engine.history(instance_id) if entry["event"] == "step_completed"] == list("abc")


def test_nobody_touches_an_instance_while_its_lease_lasts(engine: Engine) -> None:
    """WH-2, WH-3: a second worker that is woken for a leased instance leaves it alone until the lease is over."""
    engine.begin(engine.do("a"), engine.do("b"))
    engine.crash(1)
    assert engine.calls == ["a"]
    engine.advance(engine.limits.lease_ms - 1)
    assert engine.calls == ["a"]
    engine.advance(2)
    assert engine.calls == ["a", "a", "b"]


def test_a_slow_owner_cannot_write(engine: Engine) -> None:
    """WH-2: once another has claimed the instance every write of the old owner is refused, and nothing changes."""
    running = engine.run(engine.node("nap", "delay", duration=1000), engine.do("a"))
    engine.clock.advance(1000)
    (old,) = engine.instances.claim([running], "old", 30_000, 0)
    engine.clock.advance(30_001)
    (new,) = engine.instances.claim([running], "new", 30_000, 0)
    assert new.epoch == old.epoch + 1
    assert new.interrupted
    before = engine.instance(running)
    assert engine.instances.push([Push(running, old.epoch, "old", 0, ["{}"])]) == ["lost"]
    assert engine.instances.settle([settle_of(engine, running, "old", old.epoch)]) == ["lost"]
    assert engine.instances.absorb(Push(running, old.epoch, "old", 0, [])) is None
    assert engine.instances.renew([running], "old", 30_000) == set()
    assert engine.instance(running) == before


def test_an_owner_that_lost_its_lease_stops(engine: Engine) -> None:
    """WH-2: a worker whose instance was taken over while a step ran starts no further step and changes nothing."""

    def taken_over() -> None:
        engine.clock.advance(engine.limits.lease_ms + 1)
        engine.instances.claim([instance_id], "thief", 1000, 0)

    engine.during["a"] = taken_over
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    engine.work()
    assert engine.calls == ["a"]
    assert engine.instance(instance_id).lease_owner == "thief"
    assert engine.instance(instance_id).journal == []
    engine.during = {}
    engine.advance(1001)
    assert engine.calls == ["a", "a", "b"]
    assert engine.status(instance_id) == "COMPLETED"


def test_a_hint_that_meets_a_lease_is_answered_by_its_owner(engine: Engine) -> None:
    """WH-4: what arrives while the instance is leased is done by the owner before it lets go."""
    engine.during["a"] = lambda: engine.instances.send(
        instance_id, InboxEntry("x", encode_fact(Control("x", "pause", engine.clock.now())))
    )
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    engine.work()
    assert engine.status(instance_id) == "PAUSED"
    assert engine.instance(instance_id).inbox == []
    assert engine.instance(instance_id).wake_at is None


def test_a_hint_that_meets_a_dead_owners_lease_is_not_lost(engine: Engine) -> None:
    """WH-4: the sweeper finds what a dead owner left behind, requests included, without any message."""
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    engine.crash(1)
    engine.control(instance_id, "pause")
    engine.work()
    assert engine.wakeups() == []
    engine.recover()
    assert engine.status(instance_id) == "PAUSED"
    assert engine.instance(instance_id).inbox == []


def test_lost_messages_do_not_lose_instances(engine: Engine) -> None:
    """WH-4, WR-12: with every message lost the sweeper finds each instance that is due."""
    ids = [engine.begin(engine.do("a")) for _ in range(3)]
    engine.wakeups()
    engine.sweep()
    assert [engine.status(i) for i in ids] == ["COMPLETED"] * 3


def test_doubled_messages_do_nothing_twice(engine: Engine) -> None:
    """WH-4, WH-2: hints that come again, or for instances that are through, have no effect."""
    done = engine.run(engine.do("a"))
    engine.worker.handle([WakeUp(done), WakeUp(done, redelivered=True), WakeUp("nobody")])
    assert engine.calls == ["a"]
    assert engine.moves(done) == ["RUNNING", "COMPLETED"]


def test_two_workers_share_and_never_meet(engine: Engine) -> None:
    """WH-2: of two workers woken for the same instance one advances it."""
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    other = engine.new_worker()
    first = engine.new_worker()
    engine.during["a"] = lambda: seen.append(engine.instances.claim([instance_id], "other", 1000, 0))
    seen: list[Any] = []
    first.handle([WakeUp(instance_id)])
    other.handle([WakeUp(instance_id)])
    assert seen == [[]]
    assert engine.calls == ["a", "b"]


def once(engine: Engine, step_id: str) -> dict[str, Any]:
    return engine.do(step_id, execution="at_most_once", retryPolicy={"maxAttempts": 5, "initialDelay": 0})


@pytest.mark.parametrize("before", ["first", "after a step", "after a delay"])
def test_at_most_once_is_failed_and_not_run_again(engine: Engine, before: str) -> None:
    """WH-1: a step that may run once, found unfinished after a crash, is failed with StepInterrupted, wherever it stands."""
    lead: list[dict[str, Any]] = {
        "first": [],
        "after a step": [engine.do("lead")],
        "after a delay": [engine.node("lead", "delay", duration=1000)],
    }[before]
    instance_id = engine.begin(*lead, once(engine, "pay"), engine.do("after"))
    if before == "after a delay":
        engine.work()
        engine.clock.advance(1000)
    engine.crash_in("pay")
    engine.work()
    assert engine.calls.count("pay") == 1
    assert engine.status(instance_id) == "FAILED"
    assert engine.reason(instance_id)["stepId"] == "pay"
    assert "StepInterruptedError" in engine.reason(instance_id)["message"]
    assert "may run only once" in engine.reason(instance_id)["message"]
    engine.ask(instance_id, "retry")
    assert engine.calls.count("pay") == 2
    assert engine.status(instance_id) == "COMPLETED"


def test_at_most_once_is_retried_when_it_failed_by_itself(engine: Engine) -> None:
    """YF-6: execution at_most_once is about crashes: an attempt that reported its failure is retried as usual."""
    engine.errors["pay"] = [ValueError("declined")]
    done = engine.run(once(engine, "pay"))
    assert engine.calls == ["pay", "pay"]
    assert engine.status(done) == "COMPLETED"


def test_a_step_that_ends_its_worker_again_and_again_fails(engine: Engine) -> None:
    """WH-1, WH-14: more than five interruptions count as a failed attempt, so a poisonous step ends somewhere."""
    instance_id = engine.begin(engine.do("lead"), engine.do("bomb", retryPolicy={"maxAttempts": 1}))
    for _ in range(6):
        engine.crash_in("bomb")
    engine.work()
    assert engine.calls == ["lead"] + ["bomb"] * 6
    assert engine.status(instance_id) == "FAILED"
    assert "vanished 6 times" in engine.reason(instance_id)["message"]


def test_interruptions_are_counted_for_each_attempt(engine: Engine) -> None:
    """WH-1, EH-9: some in one attempt and some in the next are no reason to give the step up."""
    instance_id = engine.begin(
        engine.do("lead"), engine.do("a", retryPolicy={"maxAttempts": 2, "initialDelay": 600_000})
    )
    for _ in range(3):
        engine.crash_in("a")
    engine.errors["a"] = [ValueError("once")]
    engine.work()
    assert engine.trail(instance_id, "a")[-1] == "FAILED"
    engine.clock.advance(600_000)
    engine.hint()
    for _ in range(4):
        engine.crash_in("a")
    engine.work()
    assert engine.calls == ["lead", *["a"] * 9]
    assert engine.status(instance_id) == "COMPLETED"


def test_a_poisonous_first_step_is_counted_too(engine: Engine) -> None:
    """WH-1: also the very first step of an instance cannot take worker after worker with it for ever."""
    instance_id = engine.begin(engine.do("bomb", retryPolicy={"maxAttempts": 1}))
    for _ in range(7):
        engine.crash_in("bomb")
    engine.work()
    assert engine.calls == ["bomb"] * 7
    assert engine.status(instance_id) == "FAILED"


def test_a_worker_hands_on_before_its_time_is_over(engines: Callable[..., Engine]) -> None:
    """WH-26: with little time left a worker starts no step, settles, and sends the instance on; the next goes on."""
    engine = engines(hand_on_ms=10_000)
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    engine.wakeups()
    assert engine.worker.handle([WakeUp(instance_id)], remaining_ms=9_000) == set()
    instance = engine.instance(instance_id)
    assert engine.calls == []
    assert instance.lease_until is None
    assert instance.wake_at == engine.clock.now()
    engine.work()
    assert engine.calls == ["a", "b"]
    assert engine.trail(instance_id, "a") == ["COMPLETED"]


def test_a_step_that_runs_at_the_hand_on_finishes_first(engine: Engine) -> None:
    """WH-26: SIGTERM: the step that runs ends and is recorded, the next one is another worker's."""
    engine.during["a"] = engine.worker.drain
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    engine.wakeups()
    engine.worker.handle([WakeUp(instance_id)])
    assert engine.calls == ["a"]
    assert engine.trail(instance_id, "a") == ["COMPLETED"]
    assert engine.instance(instance_id).lease_until is None
    engine.new_worker()
    engine.work()
    assert engine.calls == ["a", "b"]


def test_a_step_that_does_not_end_is_left_to_the_lease(engines: Callable[..., Engine]) -> None:
    """WH-26, WH-3: when the time is over while a step still runs, the lease runs out and the step runs again elsewhere."""
    engine = engines(hand_on_ms=10_000, abandon_ms=9_999)
    instance_id = engine.begin(engine.do("a", handler="t.long"), engine.do("b"))
    engine.during["a"] = engine.clock.now
    engine.wakeups()
    engine.worker.handle([WakeUp(instance_id)], remaining_ms=10_001)
    assert engine.calls in ([], ["a"])
    if engine.calls:
        assert engine.instance(instance_id).lease_until is not None


def test_a_long_computation_is_handed_on_in_the_middle(engines: Callable[..., Engine]) -> None:
    """WH-26, WH-21: a loop that only computes cannot hold a worker past its time: it goes on where it was settled."""
    engine = engines(hand_on_ms=10_000)
    instance_id = engine.begin(
        engine.node(
            "loop",
            "while",
            condition="n < 1000",
            steps=[engine.node("add", "set_variable", action="set", key="n", value="${n + 1}")],
        ),
        variables={"n": 0},
        outputs={"n": "n"},
    )
    hand_ons = 0
    while engine.instance(instance_id).status in ("PENDING", "RUNNING") and hand_ons < 100:
        engine.wakeups()
        engine.worker.handle([WakeUp(instance_id)], remaining_ms=1000)
        hand_ons += 1
        state = msgspec.json.decode(engine.instance(instance_id).state or "{}")
        assert state["seq"] <= 1 + hand_ons * 1000
    assert engine.outputs(instance_id) == {"n": 1000}
    assert 2 <= hand_ons < 10


def test_a_dead_owners_instance_is_looked_at_when_its_lease_ends(engine: Engine) -> None:
    """WH-3: a sweep during the lease sends a hint for its end, so nobody waits for the sweep after that."""
    instance_id = engine.begin(engine.do("a"), engine.do("b"))
    engine.crash(1)
    engine.wakeups()  # every message is lost with the owner
    sweep(engine.services())
    engine.work()
    assert engine.status(instance_id) == "PENDING"
    engine.clock.advance(engine.limits.lease_ms + 1000)
    engine.work()
    assert engine.status(instance_id) == "COMPLETED"
