"""Lost messages, dead workers, sleeping instances: the sweeper finds what is due, and nobody works twice."""

from __future__ import annotations

import time
from collections.abc import Callable

from reactory.kernel.facts import Begin, Succeeded, encode_fact
from reactory.ports.store import Push
from tests.integration.handlers.canonical import canonical
from tests.integration.handlers.deployment import DEADLINE, Deployment

QUEUE = "wakeups-normal"
SWEEP = canonical("schedule/sweep")
HORIZON = 2_000


def now() -> int:
    return time.time_ns() // 1_000_000


def until(condition: Callable[[], bool]) -> None:
    """Wait for what the database's clock decides."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline


def test_the_sweep_finds_an_instance_whose_message_was_lost(deployment: Deployment) -> None:
    """WH-4: the only hint vanishes; the next minute's sweep sends another."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada"})
    assert deployment.lose(QUEUE) == 1
    assert deployment.invoke("host-sweeper", SWEEP) == {"hints": 1, "more": False}
    assert deployment.run(instance_id)["status"] == "COMPLETED"


def test_a_dead_workers_instance_is_taken_over(deployment: Deployment) -> None:
    """WH-1, WH-3: a worker dies after its first step was recorded; the next one keeps that result and goes on."""
    instance_id = deployment.start("plant.Nap", {"duration": 1})
    deployment.lose(QUEUE)
    store = deployment.ports.instances
    (dead,) = store.claim([instance_id], "dead", 1, HORIZON)
    recorded = Succeeded("before", 1, now(), now(), {"text": "", "key": "recorded by the dead"})
    facts = [encode_fact(Begin(now())), encode_fact(recorded)]
    assert store.push([Push(instance_id, dead.epoch, "dead", 0, facts)]) == ["ok"]
    until(lambda: not store.leased([instance_id]))
    assert deployment.invoke("host-sweeper", SWEEP) == {"hints": 1, "more": False}
    seen = deployment.run(instance_id)
    assert seen["status"] == "COMPLETED"
    assert seen["outputs"] == {"before": "recorded by the dead", "after": f"{instance_id}/after"}
    events = [entry["event"] for entry in deployment.history(instance_id)]
    assert events.count("interrupted") == 1
    assert events.count("step_completed") == 2


def test_a_worker_that_wakes_after_its_lease_writes_nothing(deployment: Deployment) -> None:
    """WH-2: the fencing token refuses the write of an owner whose instance was taken over meanwhile."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada"})
    store = deployment.ports.instances
    (slow,) = store.claim([instance_id], "slow", 1, HORIZON)
    until(lambda: not store.leased([instance_id]))
    finished = deployment.run(instance_id)
    facts = [encode_fact(Begin(now()))]
    assert store.push([Push(instance_id, slow.epoch, "slow", 0, facts)]) == ["lost"]
    assert deployment.see(instance_id) == finished


def test_an_instance_that_somebody_works_on_is_left_alone(deployment: Deployment) -> None:
    """WH-2, WH-3, WH-4: under a live lease a wake-up advances nothing; the sweep's hint waits for the lease to end."""
    instance_id = deployment.start("plant.Greet", {"name": "Ada"})
    store = deployment.ports.instances
    store.claim([instance_id], "busy", 60_000, HORIZON)
    assert deployment.deliver(QUEUE) == []
    assert deployment.see(instance_id)["status"] == "PENDING"
    assert deployment.invoke("host-sweeper", SWEEP) == {"hints": 1, "more": False}
    assert deployment.deliver(QUEUE) == []
    assert store.renew([instance_id], "busy", 1) == {instance_id}
    until(lambda: not store.leased([instance_id]))
    assert deployment.invoke("host-sweeper", SWEEP) == {"hints": 1, "more": False}
    assert deployment.run(instance_id)["status"] == "COMPLETED"


def test_a_sleeping_instance_has_a_delayed_message(deployment: Deployment) -> None:
    """YF-7, WH-7: while it sleeps nobody holds it; what is due within 15 minutes waits as a message with a delay."""
    instance_id = deployment.start("plant.Nap", {"duration": 60_000})
    deployment.deliver(QUEUE)
    stored = deployment.ports.instances.get(instance_id)
    assert stored is not None
    assert (stored.lease_until, stored.status) == (None, "RUNNING")
    assert stored.wake_at is not None
    depth = deployment.depth(QUEUE)
    assert (depth.visible, depth.in_flight, depth.delayed) == (0, 0, 1)


def test_the_delayed_message_wakes_the_sleeper(deployment: Deployment) -> None:
    """WH-6, WH-7: the delay ends by its own message, without a sweep, and not before its time."""
    instance_id = deployment.start("plant.Nap", {"duration": 400})
    seen = deployment.run(instance_id)
    assert seen["outputs"]["after"] == f"{instance_id}/after"
    records = {entry["path"]: entry for entry in deployment.history(instance_id) if entry.get("path")}
    assert records["nap"]["durationMs"] >= 400
    assert records["after"]["startedAt"] >= records["nap"]["at"]


def test_a_long_sleep_costs_no_message(deployment: Deployment) -> None:
    """WH-7: what is due later than SQS can delay is left to the sweeper, which hints shortly before its time only."""
    deployment.start("plant.Nap", {"duration": 3_600_000})
    deployment.deliver(QUEUE)
    depth = deployment.depth(QUEUE)
    assert (depth.visible, depth.in_flight, depth.delayed) == (0, 0, 0)
    assert deployment.invoke("host-sweeper", SWEEP) == {"hints": 0, "more": False}


def test_the_sweep_hints_at_what_falls_due_before_the_next(deployment: Deployment) -> None:
    """WH-7: a timer within two minutes gets its delayed message again, in case the first one was lost."""
    deployment.start("plant.Nap", {"duration": 90_000})
    deployment.deliver(QUEUE)
    assert deployment.invoke("host-sweeper", SWEEP) == {"hints": 1, "more": False}
    assert deployment.depth(QUEUE).delayed == 2
