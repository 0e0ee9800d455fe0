"""What a queue's event source does with the outcome of an invocation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reactory.adapters.memory.queue import MemoryQueue, QueueShape
from reactory.adapters.system import SystemClock, UlidIds
from reactory.exceptions import QueueUnavailableError
from reactory.local.frames import Fault
from reactory.local.gate import Gate
from reactory.local.poller import Poller, QueueSource, Supply
from reactory.local.process import Answer, Failed, Outcome
from reactory.ports.queue import Depth, Message, Received
from reactory.topology import FunctionSpec, QueueSpec

SPEC = QueueSpec("jobs", batch_size=10, window=0, concurrency=5)
BATCH = [Received(f"m-{n}", f"r-{n}", "{}", n, 0, "default") for n in (1, 2, 3)]
DEADLINE = 10.0


class FakeReceiver:
    """Remembers what was deleted and what was given back, and after how many seconds."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.returned: dict[str, float] = {}

    def receive(self, queue: str, max_messages: int, wait_seconds: float = 0.0) -> list[Received]:
        raise NotImplementedError

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        self.deleted += receipts

    def change_visibility(self, queue: str, receipt: str, seconds: float) -> None:
        self.returned[receipt] = seconds

    def depth(self, queue: str) -> Depth:
        return Depth(0, 0, 0)


def deliver(outcome: Outcome) -> FakeReceiver:
    receiver = FakeReceiver()
    with ThreadPoolExecutor(1) as executor:
        supply = Supply(receiver, lambda _: outcome, Gate(1), executor, lambda _source, _text: None)
        QueueSource(SPEC, 0, supply).deliver(BATCH)
    return receiver


def test_what_was_done_is_deleted() -> None:
    """A batch without failures is deleted, all of it."""
    receiver = deliver(Answer({"batchItemFailures": []}))
    assert (receiver.deleted, receiver.returned) == (["r-1", "r-2", "r-3"], {})


def test_only_what_failed_comes_back() -> None:
    """WR-11: named messages come back after a pause that grows with their receives; the others are deleted."""
    receiver = deliver(Answer({"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-3"}]}))
    assert receiver.deleted == ["r-2"]
    assert receiver.returned == {"r-1": 1.0, "r-3": 4.0}


@pytest.mark.parametrize("cause", ["error", "timeout", "init"])
def test_a_failed_invocation_returns_the_batch_with_a_pause(cause: Any) -> None:
    """An error, a timeout or a handler that cannot be imported fails every message of the batch."""
    receiver = deliver(Failed(cause, Fault("Error", "no")))
    assert receiver.deleted == []
    assert receiver.returned == {"r-1": 1.0, "r-2": 2.0, "r-3": 4.0}


@pytest.mark.parametrize("cause", ["crash", "stopping"])
def test_a_dead_container_returns_the_batch_at_once(cause: Any) -> None:
    """A container that died did not judge its messages: another takes them now."""
    receiver = deliver(Failed(cause, Fault("Runtime.ExitError", "killed")))
    assert receiver.deleted == []
    assert receiver.returned == {"r-1": 0.0, "r-2": 0.0, "r-3": 0.0}


def queue(*names: str, max_receives: int = 2) -> MemoryQueue:
    clock = SystemClock()
    return MemoryQueue(clock, UlidIds(clock), [QueueShape(name, 600, max_receives) for name in names])


def function(*names: str) -> FunctionSpec:
    specs = tuple(QueueSpec(name, batch_size=10, window=0, concurrency=5) for name in names)
    return FunctionSpec("worker", "m.h", 30, 128, queues=specs)


class Running:
    """A poller that runs while the test does."""

    def __init__(
        self, memory: MemoryQueue, names: Sequence[str], invoke: Callable[[Any], Outcome], slots: int = 1
    ) -> None:
        self._memory = memory
        self._poller = Poller(function(*names), memory, invoke, slots=slots, line=lambda _source, _text: None)

    def __enter__(self) -> Poller:
        self._poller.start()
        return self._poller

    def __exit__(self, *_: object) -> None:
        self._poller.close()
        self._memory.close()
        self._poller.join()


def test_poison_ends_in_the_dead_letter_queue() -> None:
    """WR-11: a message that kills its container each time is dead after max_receives, and no endless loop."""
    memory = queue("jobs", max_receives=3)
    receives: list[str] = []

    def invoke(event: Any) -> Outcome:
        receives.extend(record["attributes"]["ApproximateReceiveCount"] for record in event["Records"])
        return Failed("crash", Fault("Runtime.ExitError", "killed"))

    memory.send("jobs", [Message({"poison": True})])
    with Running(memory, ["jobs"], invoke):
        dead = memory.receive("jobs-dead", 10, DEADLINE)
    assert [message.body for message in dead] == ['{"poison":true}']
    assert receives == ["1", "2", "3"]


def test_the_more_urgent_queue_goes_first() -> None:
    """When all containers are busy and several queues wait, the next free one takes the most urgent queue's batch."""
    memory = queue("low", "critical")
    gate = Gate(1)
    order: list[str] = []

    def invoke(event: Any) -> Outcome:
        order.append(event["Records"][0]["body"])
        return Answer(None)

    with ThreadPoolExecutor(4) as executor:
        supply = Supply(memory, invoke, gate, executor, lambda _source, _text: None)
        assert gate.enter(0)
        threads = []
        for rank, name in enumerate(("low", "critical")):
            source = QueueSource(QueueSpec(name, 10, 0, 5), rank, supply)
            threads.append(threading.Thread(target=source._dispatch, args=(memory_batch(memory, name),)))
        for thread in threads:
            thread.start()
        wait_for_waiters(gate, 2)
        gate.leave()
        for thread in threads:
            thread.join()
    assert order == ['{"queue":"critical"}', '{"queue":"low"}']


def memory_batch(memory: MemoryQueue, name: str) -> list[Received]:
    memory.send(name, [Message({"queue": name})])
    return memory.receive(name, 1)


def wait_for_waiters(gate: Gate, count: int) -> None:
    with gate._changed:
        assert gate._changed.wait_for(lambda: len(gate._waiters) == count, DEADLINE)


def test_a_receiver_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that cannot be reached for a moment stops nothing: the poller says so and goes on."""
    monkeypatch.setattr("reactory.local.poller.RECEIVE_PAUSE", 0.0)
    memory = queue("jobs")
    said: list[str] = []
    done = threading.Event()

    class Stumbling(FakeReceiver):
        stumbled = False

        def receive(self, queue: str, max_messages: int, wait_seconds: float = 0.0) -> list[Received]:
            if not self.stumbled:
                self.stumbled = True
                raise QueueUnavailableError("gone for a moment")
            return memory.receive(queue, max_messages, wait_seconds)

    def invoke(_event: object) -> Outcome:
        done.set()
        return Answer(None)

    memory.send("jobs", [Message({})])
    poller = Poller(function("jobs"), Stumbling(), invoke, slots=1, line=lambda _source, text: said.append(text))
    poller.start()
    assert done.wait(DEADLINE)
    poller.close()
    memory.close()
    poller.join()
    assert said == ["cannot receive: gone for a moment"]


def test_closing_gives_back_what_was_not_begun() -> None:
    """A batch that waits for a container when the stack stops goes back to its queue at once."""
    memory = queue("jobs", max_receives=5)
    gate = Gate(1)
    with ThreadPoolExecutor(1) as executor:
        supply = Supply(memory, lambda _event: Answer(None), gate, executor, lambda _source, _text: None)
        source = QueueSource(SPEC, 0, supply)
        assert gate.enter(0)
        waiting = threading.Thread(target=source._dispatch, args=(memory_batch(memory, "jobs"),))
        waiting.start()
        wait_for_waiters(gate, 1)
        gate.close()
        waiting.join()
    assert memory.depth("jobs").visible == 1


def test_a_window_gathers_a_batch() -> None:
    """A queue with a window hands over what came within it together, and does not wait once the batch is full."""
    memory = queue("jobs")
    batches: list[int] = []
    done = threading.Event()

    def invoke(event: Any) -> Outcome:
        batches.append(len(event["Records"]))
        done.set()
        return Answer(None)

    memory.send("jobs", [Message({"n": 1})])
    spec = FunctionSpec("worker", "m.h", 30, 128, queues=(QueueSpec("jobs", 2, window=60, concurrency=5),))
    poller = Poller(spec, memory, invoke, slots=1, line=lambda _source, _text: None)
    poller.start()
    memory.send("jobs", [Message({"n": 2})])
    assert done.wait(DEADLINE)
    poller.close()
    memory.close()
    poller.join()
    assert batches == [2]
