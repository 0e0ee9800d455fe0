"""What the memory queue does beyond the contract: time, threads, fairness, size."""

from __future__ import annotations

import json
import threading

import pytest

from reactory import topology
from reactory.adapters.memory.clock import ManualClock, SequentialIds
from reactory.adapters.memory.queue import MemoryQueue, QueueShape
from reactory.adapters.system import SystemClock
from reactory.exceptions import QueueUnavailableError
from reactory.ports.queue import Depth, Message, Received

SHAPES = [QueueShape("q", visibility=30, max_receives=2)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(clock: ManualClock) -> MemoryQueue:
    queue = MemoryQueue(clock, SequentialIds(), SHAPES)
    clock.watch(queue.wake)
    return queue


def bodies(received: list[Received]) -> list[str]:
    return [json.loads(message.body)["id"] for message in received]


def message(name: str, delay: float = 0.0, group: str = "default") -> Message:
    return Message({"id": name}, delay, group)


def test_a_delay_has_fractions_of_a_second(queue: MemoryQueue, clock: ManualClock) -> None:
    """A message delayed by 250 ms is received after 250 ms, not before and not at the next full second."""
    queue.send("q", [message("a", delay=0.25)])
    clock.advance(249)
    assert queue.receive("q", 10) == []
    clock.advance(1)
    assert bodies(queue.receive("q", 10)) == ["a"]


def test_delayed_messages_come_in_the_order_in_which_they_fall_due(queue: MemoryQueue, clock: ManualClock) -> None:
    """The moment decides, not the order of sending."""
    queue.send("q", [message("late", delay=3), message("early", delay=1), message("middle", delay=2)])
    clock.advance(5_000)
    assert bodies(queue.receive("q", 10)) == ["early", "middle", "late"]


def test_an_undeleted_message_comes_back_after_the_visibility_timeout(queue: MemoryQueue, clock: ManualClock) -> None:
    """At least once: a consumer that died does not take its message with it."""
    queue.send("q", [message("a")])
    queue.receive("q", 10)
    clock.advance(29_999)
    assert queue.receive("q", 10) == []
    clock.advance(1)
    (again,) = queue.receive("q", 10)
    assert again.receive_count == 2


def test_visibility_can_be_extended(queue: MemoryQueue, clock: ManualClock) -> None:
    """A slow consumer keeps its message for as long as it says."""
    queue.send("q", [message("a")])
    (received,) = queue.receive("q", 10)
    clock.advance(20_000)
    queue.change_visibility("q", received.receipt_handle, 60)
    clock.advance(59_999)
    assert queue.receive("q", 10) == []
    clock.advance(1)
    assert bodies(queue.receive("q", 10)) == ["a"]


def test_an_old_receipt_has_no_power(queue: MemoryQueue, clock: ManualClock) -> None:
    """Who held a message before somebody else got it can neither delete it nor give it back."""
    queue.send("q", [message("a")])
    (old,) = queue.receive("q", 10)
    clock.advance(30_000)
    queue.receive("q", 10)
    queue.delete("q", [old.receipt_handle])
    queue.change_visibility("q", old.receipt_handle, 0)
    assert queue.depth("q") == Depth(visible=0, in_flight=1, delayed=0)


def test_a_message_that_came_back_can_still_be_deleted(queue: MemoryQueue, clock: ManualClock) -> None:
    """Finishing a moment after the timeout spares the second delivery, if nobody took the message in between."""
    queue.send("q", [message("a"), message("b")])
    first, _ = queue.receive("q", 10)
    clock.advance(30_000)
    assert queue.depth("q").visible == 2
    queue.delete("q", [first.receipt_handle])
    assert queue.depth("q").visible == 1
    assert bodies(queue.receive("q", 10)) == ["b"]


def test_dead_letters_are_seen_when_their_time_has_come(queue: MemoryQueue, clock: ManualClock) -> None:
    """A message whose last receive timed out is among the dead letters even if nobody has looked at its queue since."""
    queue.send("q", [message("poison", group="t")])
    for _ in range(2):
        queue.receive("q", 10)
        clock.advance(30_000)
    assert queue.depth("q-dead") == Depth(visible=1, in_flight=0, delayed=0)
    (dead,) = queue.receive("q-dead", 10)
    assert (bodies([dead]), dead.group, dead.message_id) == (["poison"], "t", "id-000001")
    assert queue.depth("q") == Depth(0, 0, 0)


def test_dead_letters_stay(queue: MemoryQueue, clock: ManualClock) -> None:
    """A dead letter that is read and not deleted comes back for ever: it has nowhere else to go."""
    queue.send("q-dead", [message("a")])
    for expected in range(1, 6):
        (received,) = queue.receive("q-dead", 10)
        assert received.receive_count == expected
        clock.advance(30_000)


def test_groups_take_turns(queue: MemoryQueue) -> None:
    """A tenant with one message does not wait behind another's backlog; within a tenant the order is kept."""
    queue.send("q", [message(f"big-{number}", group="big") for number in range(5)])
    queue.send("q", [message("small", group="small")])
    assert bodies(queue.receive("q", 3)) == ["big-0", "small", "big-1"]
    assert bodies(queue.receive("q", 10)) == ["big-2", "big-3", "big-4"]


def waiting(queue: MemoryQueue, seconds: float = 60) -> tuple[threading.Thread, list[Received]]:
    got: list[Received] = []
    thread = threading.Thread(target=lambda: got.extend(queue.receive("q", 10, seconds)))
    thread.start()
    return thread, got


def test_a_waiting_receiver_wakes_when_a_message_is_sent(queue: MemoryQueue) -> None:
    """No polling interval: the wait ends with the message, though time itself stands still."""
    thread, got = waiting(queue)
    queue.send("q", [message("a")])
    thread.join(30)
    assert bodies(got) == ["a"]


def test_a_waiting_receiver_wakes_when_a_message_falls_due(queue: MemoryQueue, clock: ManualClock) -> None:
    """A delayed message ends the wait at its moment, also if it was sent after the wait began."""
    thread, got = waiting(queue)
    queue.send("q", [message("a", delay=5)])
    clock.advance(5_000)
    thread.join(30)
    assert bodies(got) == ["a"]


def test_a_waiting_receiver_on_the_real_clock_needs_nobody_to_wake_it() -> None:
    """The receiver itself waits no longer than until the earliest message is due."""
    queue = MemoryQueue(SystemClock(), SequentialIds(), SHAPES)
    queue.send("q", [message("a", delay=0.02)])
    assert bodies(queue.receive("q", 10, 60)) == ["a"]


def test_a_waiting_receiver_gives_up_after_its_time(queue: MemoryQueue, clock: ManualClock) -> None:
    """``wait_seconds`` bounds the wait."""
    thread, got = waiting(queue, seconds=20)
    while thread.is_alive():  # the thread may start its wait at any moment: let time pass until it has had enough
        clock.advance(1_000)
        thread.join(0.001)
    assert got == []


def test_closing_ends_every_wait(queue: MemoryQueue) -> None:
    """When the stack stops, no receiver sits out its wait; what is there is still handed out."""
    thread, got = waiting(queue)
    queue.close()
    thread.join(30)
    assert got == []
    assert queue.receive("q", 10, 60) == []
    queue.send("q", [message("a")])
    assert bodies(queue.receive("q", 10, 60)) == ["a"]


def test_threads_share_a_queue_without_loss_or_doubles() -> None:
    """Four senders and four receivers at once: each message is received by one of them."""
    queue = MemoryQueue(SystemClock(), SequentialIds(), SHAPES)
    got: list[str] = []

    def send(sender: int) -> None:
        for number in range(50):
            queue.send("q", [message(f"{sender}-{number}-{part}", group=str(part)) for part in range(5)])

    def receive() -> None:
        while len(got) < 1000:
            received = queue.receive("q", 10, 0.01)
            queue.delete("q", [one.receipt_handle for one in received])
            got.extend(bodies(received))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    threads += [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == sorted(f"{s}-{n}-{p}" for s in range(4) for n in range(50) for p in range(5))
    assert queue.depth("q") == Depth(0, 0, 0)


def test_a_hundred_thousand_messages(queue: MemoryQueue, clock: ManualClock) -> None:
    """Half of them delayed, all received and deleted; nothing of them stays behind in the queue."""
    queue.send("q", [message(str(number), delay=(number % 2) * (1 + number % 900)) for number in range(100_000)])
    assert queue.depth("q") == Depth(visible=50_000, in_flight=0, delayed=50_000)
    clock.advance(900_000)
    count = 0
    while received := queue.receive("q", 1000):
        count += len(received)
        queue.delete("q", [one.receipt_handle for one in received])
    assert count == 100_000
    assert queue.depth("q") == Depth(0, 0, 0)
    channel = queue._channels["q"]
    assert len(channel._heap) < 5_000
    assert not channel._receipts


def test_an_unknown_queue_names_the_known_ones(queue: MemoryQueue) -> None:
    """A wrong name is answered with the right ones."""
    with pytest.raises(QueueUnavailableError, match=r"no queue 'Q'.*q, q-dead"):
        queue.depth("Q")


def test_the_queues_are_those_of_the_topology(clock: ManualClock) -> None:
    """Without shapes every queue of the topology is there, with its dead-letter queue."""
    names = set(MemoryQueue(clock, SequentialIds()).names())
    assert names == {name for spec in topology.queues() for name in (spec.name, spec.dead_letters)}
