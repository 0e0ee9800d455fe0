"""Messages ``workflow.trigger`` through the SQS handler's use case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from functions.runner.trigger import trigger
from reactory.adapters.memory.instances import MemoryInstances
from reactory.exceptions import StoreUnavailableError
from reactory.ports.store import Instance, InstanceQuery
from tests.unit.runner.lab import Lab, flow

EVENT = Path(__file__).parents[2] / "events" / "sqs" / "trigger.json"
_NUMBERS = count(1)


def record(body: Any, message_id: str | None = None) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"messageId": message_id or f"m-{next(_NUMBERS)}", "body": text, "attributes": {}}


def instances(lab: Lab) -> list[dict[str, Any]]:
    page = lab.runner.query.search(InstanceQuery(sort="createdAt"))
    return [lab.runner.query.get(one.instance_id) for one in page.instances]


def test_a_message_starts_an_instance(lab: Lab) -> None:
    """IM-4, IM-8: {workflowId, version, data, src, correlationId} starts one instance, which records its trigger."""
    lab.register(flow())
    body = {"workflowId": "lab.Flow", "version": "1.0.0", "data": {"a": 1}, "src": "shop", "correlationId": "cart-7"}
    assert trigger([record(body, "m-a")], lab.runner) == []
    (found,) = instances(lab)
    assert (found["input"], found["correlationId"]) == ({"a": 1}, "cart-7")
    assert found["trigger"] == {"mode": "event", "id": "m-a", "caller": "shop"}


def test_id_and_unknown_fields(lab: Lab) -> None:
    """IM-4: ``id`` may stand for ``workflowId``; what a sender adds for itself does not matter."""
    lab.register(flow())
    assert trigger([record({"id": "lab.Flow@1.0.0", "traceId": "x"}, "m-b")], lab.runner) == []
    (found,) = instances(lab)
    assert found["correlationId"] == "m-b"


def test_a_duplicate_is_ignored(lab: Lab) -> None:
    """IM-4: SQS may deliver twice: the same message starts one instance, also within one batch."""
    lab.register(flow())
    message = record({"id": "lab.Flow", "data": {"a": 1}})
    assert trigger([message, message], lab.runner) == []
    assert trigger([message], lab.make_runner()) == []
    assert len(instances(lab)) == 1


def test_a_senders_own_key_counts(lab: Lab) -> None:
    """IM-4: a message sent twice with one idempotencyKey starts one instance; without keys they are two."""
    lab.register(flow())
    for _ in range(2):
        assert trigger([record({"id": "lab.Flow", "idempotencyKey": "order-1"})], lab.runner) == []
        assert trigger([record({"id": "lab.Flow"})], lab.runner) == []
    assert len(instances(lab)) == 3


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "",
        "[]",
        "null",
        {},
        {"id": ""},
        {"id": 5},
        {"id": "lab.Flow", "data": [1]},
        {"id": "lab.Nope"},
        {"id": "lab.Flow", "version": "9.0.0"},
        {"id": "no workflow at all"},
        {"id": "lab.Flow", "data": {"amount": "many"}},
        {"id": "lab.Flow", "data": {"amount": 1}, "priority": 9},
        "[" * 5000,
    ],
    ids=lambda body: str(body)[:40],
)
def test_poison_stops_no_other_message(lab: Lab, body: Any) -> None:
    """WR-11, IM-4: a message that cannot be used is reported as failed, so that it ends in the DLQ; the others start."""
    lab.register(flow(inputs={"amount": {"type": "integer", "required": True}}))
    good = {"id": "lab.Flow", "data": {"amount": 1}}
    batch = [record(good), record(body, "poison"), record(good)]
    assert trigger(batch, lab.runner) == ["poison"]
    assert len(instances(lab)) == 2


class Down(MemoryInstances):
    """A store that takes nothing in."""

    def create(self, instances: Sequence[Instance]) -> list[Instance | None]:
        raise StoreUnavailableError(f"no primary for {len(instances)} instances")


def test_a_store_that_is_down_fails_the_batch(lab: Lab) -> None:
    """WR-11: what may work later comes again, the malformed with the good."""
    lab.register(flow())
    runner = lab.make_runner(instances=Down(lab.clock))
    failed = trigger([record({"id": "lab.Flow"}, "a"), record("{", "b"), record({"id": "lab.Flow"}, "c")], runner)
    assert sorted(failed) == ["a", "b", "c"]


def test_the_canonical_event(lab: Lab) -> None:
    """IM-4: the event of events/ is understood."""
    lab.register(flow(nameSpace="acme-orders", name="Fulfil"))
    records = json.loads(EVENT.read_text(encoding="utf-8"))["Records"]
    assert trigger(records, lab.runner) == []
    (found,) = instances(lab)
    assert found["correlationId"] == "cart-77"
