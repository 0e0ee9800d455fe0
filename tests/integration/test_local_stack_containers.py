"""Containers as processes: isolation, crashes, timeouts, and what they send through the channel."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reactory.adapters.counters.breakers import TableBreakers
from reactory.adapters.memory.bus import MemoryBus
from reactory.adapters.memory.queue import MemoryQueue, QueueShape
from reactory.adapters.memory.table import MemoryTable
from reactory.adapters.system import SystemClock, UlidIds
from reactory.local.frames import Setup
from reactory.local.pool import Pool
from reactory.local.process import Answer, Failed, Launch, Outcome

DEADLINE = 20.0


class Printed:
    """The lines that containers printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, _source: str, text: str) -> None:
        self.lines.append(text)


class World:
    """Pools of the test handlers, with a queue and a bus in memory."""

    def __init__(self) -> None:
        clock = SystemClock()
        self.queue = MemoryQueue(clock, UlidIds(clock), [QueueShape("jobs", 600, 5)])
        self.bus = MemoryBus()
        self.counters = MemoryTable()
        self.printed = Printed()
        self.told = threading.Semaphore(0)
        self.bus.subscribe(lambda _event: self.told.release())
        self._pools: list[Pool] = []

    def pool(self, handler: str, timeout: float = DEADLINE) -> Pool:
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONUNBUFFERED": "1"}
        setup = Setup("jobs-worker", f"local_handlers.{handler}", 256, "local_handlers.wire")
        pool = Pool(
            Launch(setup, environ, self.queue, self.bus, self.counters, self.printed), ceiling=1, timeout=timeout
        )
        self._pools.append(pool)
        return pool

    def close(self) -> None:
        for pool in self._pools:
            pool.kill()
            pool.join(time.monotonic() + DEADLINE)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def answer(outcome: Outcome) -> Any:
    assert isinstance(outcome, Answer), outcome
    return outcome.result


def failure(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def test_a_handler_gets_event_and_context(world: World) -> None:
    """A handler runs in a process of its own, with the event and a context as Lambda's."""
    result = answer(world.pool("echo").invoke({"n": 1, "text": "grün"}))
    assert result["event"] == {"n": 1, "text": "grün"}
    assert result["pid"] != os.getpid()
    assert (result["function"], result["memory"]) == ("jobs-worker", 256)
    assert result["arn"].endswith(":function:jobs-worker")
    assert 0 < result["remaining"] <= DEADLINE * 1000


def test_an_error_belongs_to_its_invocation(world: World) -> None:
    """WR-11: a handler that raises fails that invocation, with its traceback in the output; its container goes on."""
    pool = world.pool("act")
    first = answer(pool.invoke({}))
    outcome = failure(pool.invoke({"do": "raise", "text": "on purpose"}))
    assert (outcome.cause, outcome.fault.type, outcome.fault.message) == ("error", "ValueError", "on purpose")
    assert "ValueError: on purpose" in world.printed.lines
    assert answer(pool.invoke({})) == first


def test_an_answer_that_is_no_json_is_an_error(world: World) -> None:
    """A result that cannot be sent is the handler's error."""
    assert failure(world.pool("act").invoke({"do": "unserializable"})).cause == "error"


def test_a_killed_container_fails_at_once_and_is_replaced(world: World) -> None:
    """A process that is killed fails its invocation at once; the next one gets a new process."""
    pool = world.pool("act")
    first = answer(pool.invoke({}))
    assert failure(pool.invoke({"do": "die"})).cause == "crash"
    assert answer(pool.invoke({})) != first


def test_a_container_that_overruns_is_killed(world: World) -> None:
    """The function's timeout ends an invocation and its process."""
    pool = world.pool("act", timeout=0.3)
    first = answer(pool.invoke({}))
    outcome = failure(pool.invoke({"do": "overrun"}))
    assert (outcome.cause, outcome.fault.message) == ("timeout", "Task timed out after 0.30 seconds")
    assert answer(pool.invoke({})) != first


def test_a_handler_that_cannot_be_imported_says_why(world: World) -> None:
    """A broken handler module fails every invocation with the reason."""
    outcome = failure(world.pool("no_such_handler").invoke({}))
    assert outcome.cause == "init"
    assert "no_such_handler" in outcome.fault.message


def test_messages_go_to_the_queue_of_the_stack(world: World) -> None:
    """What a handler sends is in the stack's queue when its send returns."""
    answer(world.pool("act").invoke({"do": "send", "queue": "jobs", "body": {"id": "i-1"}}))
    assert [message.body for message in world.queue.receive("jobs", 10)] == ['{"id":"i-1"}']


def test_an_error_of_the_queue_reaches_the_handler(world: World) -> None:
    """A send that the stack refuses raises in the handler what the adapter raised."""
    pool = world.pool("act")
    missing = failure(pool.invoke({"do": "send", "queue": "missing", "body": {}}))
    large = failure(pool.invoke({"do": "send", "queue": "jobs", "body": {"text": "x" * 300_000}}))
    assert missing.fault.type == "QueueUnavailableError"
    assert large.fault.type == "PayloadTooLargeError"


def test_containers_share_the_counters_of_the_stack(world: World) -> None:
    """CB-6: what one container has counted, the next one knows, and the stack too."""
    one, other = world.pool("act"), world.pool("act")
    claim = {"do": "count", "until": 9_000, "now": 1_000}
    assert answer(one.invoke(claim | {"holder": "one"})) is None
    assert answer(other.invoke(claim | {"holder": "other"})) == 9_000
    assert answer(one.invoke({"do": "fail", "key": "a"})) == [["a", 2]]
    assert answer(other.invoke({"do": "fail", "key": "b"})) == [["a", 2], ["b", 2]]
    assert [found.key for found in TableBreakers(world.counters).list("t", 10)] == ["a", "b"]


def test_what_a_container_prints_is_shown(world: World) -> None:
    """Printed lines reach the stack's output, also when there are very many of them."""
    pool = world.pool("act")
    answer(pool.invoke({"do": "print", "text": "hello\n" * 50_000}))
    pool.close()
    assert pool.join(time.monotonic() + DEADLINE) == 0
    assert world.printed.lines.count("hello") == 50_000


def test_a_terminated_container_hands_on_and_finishes(world: World) -> None:
    """WH-26: at a stop a container gets SIGTERM, and may finish what it does."""
    pool = world.pool("on_terminate")
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(pool.invoke({})))
    thread.start()
    assert world.told.acquire(timeout=DEADLINE)
    pool.close()
    thread.join(DEADLINE)
    assert answer(outcomes[0]) == "done"
    assert [event.id for event in world.bus.published()] == ["working", "handed on"]
    assert pool.join(time.monotonic() + DEADLINE) == 0


def test_ctrl_c_does_not_reach_containers(world: World) -> None:
    """SIGINT is the stack's: a container that gets one goes on."""
    pool = world.pool("act")
    pid = answer(pool.invoke({}))
    os.kill(pid, signal.SIGINT)
    assert answer(pool.invoke({})) == pid
