"""How a pass ends other than well: short of time, told to end, without its definition, with a step that failed."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from reactory.local.sqs_event import to_event
from tests.integration.handlers.deployment import Deployment

QUEUE = "wakeups-normal"
SHORT = 5_000
"""Milliseconds that are left of the function's time: too few to begin a step, enough to hand on."""


def task(name: str, handler: str = "plant.greet", **more: Any) -> dict[str, Any]:
    inputs = {"name": name, "times": 1} if handler == "plant.greet" else {}
    return {"id": name, "type": "task", "config": {"handler": handler}, "inputs": inputs, **more}


def succeeded(deployment: Deployment, instance_id: str) -> list[str]:
    return [entry["path"] for entry in deployment.history(instance_id) if entry["event"] == "step_completed"]


def test_a_worker_short_of_time_hands_on(deployment: Deployment) -> None:
    """WH-26: with little time left no further step begins; the instance is settled, free, and told to the queue."""
    steps = [task(name) for name in ("one", "two", "three")]
    instance_id = deployment.start(deployment.register(*steps, name="Long"), {})
    batch = deployment.receiver.receive(QUEUE, 10)
    deployment.receiver.delete(QUEUE, [found.receipt_handle for found in batch])
    assert deployment.invoke("host-worker", to_event(QUEUE, batch), SHORT) == {"batchItemFailures": []}
    assert len(succeeded(deployment, instance_id)) < 3
    stored = deployment.ports.instances.get(instance_id)
    assert stored is not None
    assert (stored.status, stored.lease_until) == ("RUNNING", None)
    assert deployment.depth(QUEUE).visible == 1
    assert deployment.run(instance_id)["status"] == "COMPLETED"
    assert succeeded(deployment, instance_id) == ["one", "two", "three"]


def test_a_process_told_to_end_hands_on(deployment: Deployment) -> None:
    """WH-26: SIGTERM in the middle of a step: the step ends and counts, the next one runs in another process."""
    assert deployment.invoke("host-worker", {"Records": []}) == {"batchItemFailures": []}
    assert callable(signal.getsignal(signal.SIGTERM)), "the signal would end this process"
    steps = (task("one"), task("told", "plant.terminate"), task("two"))
    instance_id = deployment.start(deployment.register(*steps, name="Told"), {})
    assert deployment.deliver(QUEUE) == []
    assert succeeded(deployment, instance_id) == ["one", "told"]
    assert deployment.see(instance_id)["status"] == "RUNNING"
    deployment.cold_start()
    assert deployment.run(instance_id)["status"] == "COMPLETED"
    assert succeeded(deployment, instance_id) == ["one", "told", "two"]


def test_an_instance_without_its_definition_waits_for_the_repair(deployment: Deployment) -> None:
    """WH-18: FAILED with what to do; once the version is registered again a retry goes on where it stood."""
    instance_id = deployment.start("plant.Nap", {"duration": 400})
    deployment.deliver(QUEUE)
    assert deployment.ports.definitions.delete("default", "plant.Nap", "1.0.0") == 1
    deployment.cold_start()
    failed = deployment.run(instance_id)
    assert (failed["status"], failed["reason"]["code"]) == ("FAILED", "definition_missing")
    assert "plant.Nap@1.0.0" in failed["reason"]["message"]
    assert "register this version again" in failed["reason"]["message"]
    deployment.prepare()
    assert deployment.request("POST", f"/workflow/instance/{instance_id}/retry").status == 200
    assert deployment.run(instance_id)["status"] == "COMPLETED"
    assert succeeded(deployment, instance_id) == ["before", "after"]
    told = [detail["status"] for detail in deployment.told(instance_id)]
    assert [told[0], told[-1], told.count("FAILED")] == ["RUNNING", "COMPLETED", 1]


def test_a_failed_step_keeps_its_instance_from_completing(deployment: Deployment, tmp_path: Path) -> None:
    """WH-16, WH-14: what succeeded beside it does not hide it; exactly one event says dead-lettered; a retry may heal."""
    fixed = tmp_path / "fixed"
    broken = task("broken", "plant.refuse") | {"inputs": {"fixed": str(fixed)}}
    branches = [{"name": "good", "steps": [task("good")]}, {"name": "bad", "steps": [broken]}]
    both = {"id": "both", "type": "parallel", "config": {"branches": branches}}
    instance_id = deployment.start(deployment.register(both, task("last"), name="Both"), {})
    failed = deployment.run(instance_id)
    assert (failed["status"], failed["reason"]["stepId"]) == ("FAILED", "broken")
    assert failed["completedAt"] is not None
    assert succeeded(deployment, instance_id) == ["both/good"]
    assert deployment.kinds(instance_id).count("Workflow Instance Dead Lettered") == 1
    fixed.touch()
    assert deployment.request("POST", f"/workflow/instance/{instance_id}/retry").status == 200
    assert deployment.run(instance_id)["status"] == "COMPLETED"
    assert succeeded(deployment, instance_id) == ["both/good", "both/broken", "last"]


def test_a_tolerated_failure_does_not_count(deployment: Deployment) -> None:
    """WH-16: with ``continueOnError`` the step is FAILED, its successors go on, and the instance is COMPLETED."""
    tolerated = task("broken", "plant.refuse", continueOnError=True) | {"inputs": {"fixed": "/nowhere"}}
    instance_id = deployment.start(deployment.register(tolerated, task("last"), name="Tolerant"), {})
    seen = deployment.run(instance_id)
    assert seen["status"] == "COMPLETED"
    assert {step["id"]: step["status"] for step in seen["steps"]} == {"broken": "FAILED", "last": "COMPLETED"}
