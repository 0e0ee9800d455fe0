"""Starting workflows: one code path, one durable instance, whatever happens around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from reactory.adapters.memory.instances import MemoryInstances
from reactory.exceptions import (
    AmbiguousWriteError,
    IdempotencyConflictError,
    InvalidInputError,
    InvalidRequestError,
    PayloadTooLargeError,
    QueueUnavailableError,
    ReactoryError,
    WorkflowNotFoundError,
)
from reactory.ports.queue import Message
from reactory.ports.store import Instance
from reactory.runner.request import Started, StartRequest
from reactory.settings import Settings
from tests.unit.runner.lab import Lab, flow

INPUTS = {
    "amount": {"type": "integer", "required": True, "validation": {"minimum": 1}},
    "currency": {"type": "string", "default": "EUR"},
}


def stored(lab: Lab, instance_id: str) -> Instance:
    found = lab.instances.get(instance_id)
    assert found is not None
    return found


def test_a_started_instance_is_readable_at_once(lab: Lab) -> None:
    """WR-6: the id that a start answers is an instance, PENDING and due."""
    lab.register(flow())
    started = lab.runner.start.start_workflow("lab.Flow")
    found = stored(lab, started.instance.id)
    assert (found.status, found.wake_at) == ("PENDING", lab.clock.now())
    assert started.created


def test_a_start_records_where_it_came_from(lab: Lab) -> None:
    """IM-8: mode, trigger id, caller, correlation id, tags and priority are kept with the instance."""
    lab.register(flow())
    started = lab.runner.start.start_workflow(
        "lab.Flow", mode="event", trigger_id="m-1", caller="shop", correlation_id="cart-7", tags=["vip"], priority=4
    )
    found = stored(lab, started.instance.id)
    assert (found.mode, found.trigger_id, found.caller, found.correlation_id) == ("event", "m-1", "shop", "cart-7")
    assert (found.tags, found.priority) == (["vip"], 4)


def test_a_start_hints_to_the_queue_of_its_priority(lab: Lab) -> None:
    """WR-1: a start sends one wake-up, to the queue of the instance's priority class."""
    lab.register(flow(metadata={"priority": "high"}))
    started = lab.runner.start.start_workflow("lab.Flow")
    (received,) = lab.queue.receive("wakeups-high", 10)
    assert msgspec.json.decode(received.body) == {"instanceId": started.instance.id}


def test_without_a_version_the_highest_is_started(lab: Lab) -> None:
    """WR-4: a version left out means the highest by number, not by letter; one given is that one."""
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        lab.register(flow(version=version))
    start = lab.runner.start.start_workflow
    assert start("lab.Flow").instance.version == "1.10.0"
    assert start("lab.Flow", "1.2.0").instance.version == "1.2.0"
    assert start("lab.Flow@1.9.0").instance.version == "1.9.0"


def test_two_versions_that_contradict_each_other_are_refused(lab: Lab) -> None:
    """WR-4: ns.Name@v with another version beside it is an error, not a guess."""
    lab.register(flow())
    with pytest.raises(InvalidRequestError, match="contradicts"):
        lab.runner.start.start_workflow("lab.Flow@1.0.0", "2.0.0")


@pytest.mark.parametrize(
    ("workflow", "version"), [("lab.Other", None), ("lab.Flow", "9.9.9"), ("lab.Flow@3.0.0", None)]
)
def test_an_unknown_workflow_starts_nothing(lab: Lab, workflow: str, version: str | None) -> None:
    """WR-5: an unknown workflow or version is an error, and no instance is created."""
    lab.register(flow())
    with pytest.raises(WorkflowNotFoundError):
        lab.runner.start.start_workflow(workflow, version)
    assert lab.instances.count_by_status("default") == {}


def test_input_is_converted_and_completed(lab: Lab) -> None:
    """YF-2, DF-2: types are coerced and defaults filled in, and the instance holds the result."""
    lab.register(flow(inputs=INPUTS))
    started = lab.runner.start.start_workflow("lab.Flow", data={"amount": "5"})
    assert msgspec.json.decode(stored(lab, started.instance.id).input) == {"amount": 5, "currency": "EUR"}


def test_wrong_input_is_refused_with_every_problem(lab: Lab) -> None:
    """YF-2: all problems of an input are told at once, and no instance is created."""
    lab.register(flow(inputs=INPUTS | {"name": {"type": "string", "required": True}}))
    with pytest.raises(InvalidInputError) as caught:
        lab.runner.start.start_workflow("lab.Flow", data={"amount": 0})
    assert [problem.path for problem in caught.value.problems] == ["input.amount", "input.name"]
    assert lab.instances.count_by_status("default") == {}


@pytest.mark.parametrize("data", [[1], "text", 3])
def test_input_that_is_no_object_is_refused(lab: Lab, data: Any) -> None:
    """YF-2: the start data are an object with one member per input."""
    lab.register(flow())
    with pytest.raises(InvalidInputError, match="JSON object"):
        lab.runner.start.start_workflow("lab.Flow", data=data)


@pytest.mark.parametrize(
    "more",
    [{"priority": 5}, {"timeout": 0}, {"tags": [""]}, {"tags": ["x"] * 51}, {"idempotency_key": "a\nb"}],
    ids=str,
)
def test_labels_and_limits_are_checked(lab: Lab, more: dict[str, Any]) -> None:
    """WR-7: what does not fit is refused before an instance exists."""
    lab.register(flow())
    with pytest.raises(InvalidRequestError):
        lab.runner.start.start_workflow("lab.Flow", **more)
    assert lab.instances.count_by_status("default") == {}


def test_one_key_is_one_instance(lab: Lab) -> None:
    """WR-13: the same idempotency key gives the same instance id, one instance and one wake-up, from any process."""
    lab.register(flow())
    first = lab.runner.start.start_workflow("lab.Flow", data={"a": 1, "b": 2}, idempotency_key="order-1")
    again = lab.make_runner().start.start_workflow("lab.Flow", data={"b": 2, "a": 1}, idempotency_key="order-1")
    assert (again.instance.id, again.created) == (first.instance.id, False)
    assert lab.instances.count_by_status("default") == {"PENDING": 1}
    assert len(lab.queue.receive("wakeups-normal", 10)) == 1


def test_one_key_stays_one_instance_when_a_version_is_added(lab: Lab) -> None:
    """WR-13: a repeated request without a version is the same request, whatever was registered in between."""
    lab.register(flow())
    first = lab.runner.start.start_workflow("lab.Flow", idempotency_key="order-1")
    lab.register(flow(version="2.0.0"))
    again = lab.runner.start.start_workflow("lab.Flow", idempotency_key="order-1")
    assert again.instance.id == first.instance.id
    assert again.instance.version == "1.0.0"


@pytest.mark.parametrize("other", [{"data": {"a": 2}}, {"version": "1.0.0"}, {"priority": 1}], ids=str)
def test_one_key_with_another_request_is_a_conflict(lab: Lab, other: dict[str, Any]) -> None:
    """WR-13: the same key with another body, version or option is refused."""
    lab.register(flow())
    asked: dict[str, Any] = {"data": {"a": 1}, "idempotency_key": "order-1"}
    lab.runner.start.start_workflow("lab.Flow", **asked)
    with pytest.raises(IdempotencyConflictError):
        lab.runner.start.start_workflow("lab.Flow", **(asked | other))


def test_keys_belong_to_a_workflow(lab: Lab) -> None:
    """WR-13: the same key for two workflows starts two instances."""
    lab.register(flow())
    lab.register(flow(name="Other"))
    first = lab.runner.start.start_workflow("lab.Flow", idempotency_key="order-1")
    other = lab.runner.start.start_workflow("lab.Other", idempotency_key="order-1")
    assert first.instance.id != other.instance.id


def test_a_conflict_does_not_touch_the_payload_of_the_first() -> None:
    """WR-13, WR-15: the large input of an instance survives another request under its key."""
    lab = Lab(Settings(aws="memory", inline_limit=1024))
    lab.register(flow())
    first = lab.runner.start.start_workflow("lab.Flow", data={"text": "a" * 2000}, idempotency_key="k")
    with pytest.raises(IdempotencyConflictError):
        lab.runner.start.start_workflow("lab.Flow", data={"text": "b" * 2000}, idempotency_key="k")
    assert lab.runner.query.get(first.instance.id)["input"] == {"text": "a" * 2000}


def test_a_large_input_is_stored_out_of_line_and_read_back() -> None:
    """WR-15: input over the inline limit goes to the blob store, and comes back as if it had not."""
    lab = Lab(Settings(aws="memory", inline_limit=1024))
    lab.register(flow())
    data = {"text": "x" * 5000}
    started = lab.runner.start.start_workflow("lab.Flow", data=data)
    reference = msgspec.json.decode(stored(lab, started.instance.id).input)
    assert reference == {"$ref": "blob", "id": f"{started.instance.id}/input", "size": len(msgspec.json.encode(data))}
    assert lab.runner.query.get(started.instance.id)["input"] == data


def test_too_large_an_input_is_refused() -> None:
    """WR-15: input over the request limit is refused by every entry point, and nothing is stored."""
    lab = Lab(Settings(aws="memory", request_limit=1024))
    lab.register(flow())
    with pytest.raises(PayloadTooLargeError, match="1024"):
        lab.runner.start.start_workflow("lab.Flow", data={"text": "x" * 2000})
    assert lab.instances.count_by_status("default") == {}


class NoQueue:
    """A queue that is down."""

    def send(self, queue: str, messages: Sequence[Message]) -> None:
        raise QueueUnavailableError(f"{queue} is down, {len(messages)} messages not sent")


def test_a_start_survives_a_queue_that_is_down(lab: Lab) -> None:
    """WR-12: the instance is due in the store, so the sweeper finds it; the wake-up is only a hint."""
    lab.register(flow())
    started = lab.make_runner(queue=NoQueue()).start.start_workflow("lab.Flow")
    assert [found[0] for found in lab.instances.due(0, 10)] == [started.instance.id]


class DoubtfulInstances(MemoryInstances):
    """The first create happens, but the caller is told that nobody knows."""

    doubts = 1

    def create(self, instances: Sequence[Instance]) -> list[Instance | None]:
        answer = super().create(instances)
        if self.doubts:
            self.doubts -= 1
            raise AmbiguousWriteError("connection lost")
        return answer


@pytest.mark.parametrize("key", [None, "order-1"])
def test_a_create_in_doubt_is_settled_by_asking_again(lab: Lab, key: str | None) -> None:
    """WR-13: a start whose write was in doubt creates one instance, and answers it."""
    lab.register(flow())
    instances = DoubtfulInstances(lab.clock)
    started = lab.make_runner(instances=instances).start.start_workflow("lab.Flow", idempotency_key=key)
    assert started.created
    assert instances.count_by_status("default") == {"PENDING": 1}


def test_one_refused_request_stops_no_other(lab: Lab) -> None:
    """WR-11: a batch answers an outcome per request, in order."""
    lab.register(flow(inputs=INPUTS))
    outcomes = lab.runner.start.start_many(
        [
            StartRequest(workflow="lab.Flow", data={"amount": 1}),
            StartRequest(workflow="lab.Nope"),
            StartRequest(workflow="lab.Flow", data={}),
            StartRequest(workflow="lab.Flow", data={"amount": 2}),
        ]
    )
    codes = [outcome.code if isinstance(outcome, ReactoryError) else "started" for outcome in outcomes]
    assert codes == ["started", "workflow_not_found", "invalid_input", "started"]
    assert lab.instances.count_by_status("default") == {"PENDING": 2}


def test_twins_in_one_batch_are_one_instance(lab: Lab) -> None:
    """WR-13: two requests with one key in one batch start one instance."""
    lab.register(flow())
    request = StartRequest(workflow="lab.Flow", idempotency_key="k")
    outcomes = lab.runner.start.start_many([request, request])
    started = [outcome for outcome in outcomes if isinstance(outcome, Started)]
    assert [one.created for one in started] == [True, False]
    assert len({one.instance.id for one in started}) == 1
