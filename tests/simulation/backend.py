"""What all processes share: the true stores, the queue and the bus, in memory and on the true clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from reactory.adapters.memory.blobs import MemoryBlobs
from reactory.adapters.memory.breakers import MemoryBreakers
from reactory.adapters.memory.buckets import MemoryBuckets
from reactory.adapters.memory.clock import SequentialIds
from reactory.adapters.memory.dead_letters import MemoryDeadLetters
from reactory.adapters.memory.definitions import MemoryDefinitions
from reactory.adapters.memory.durations import MemoryDurations
from reactory.adapters.memory.error_statistics import MemoryErrorStatistics
from reactory.adapters.memory.events import MemoryEvents
from reactory.adapters.memory.executions import MemoryExecutions
from reactory.adapters.memory.instances import MemoryInstances
from reactory.adapters.memory.queue import MemoryQueue, QueueShape
from reactory.adapters.memory.records import MemoryRecords
from reactory.adapters.memory.results import MemoryResults
from reactory.adapters.memory.schedules import MemorySchedules
from reactory.adapters.memory.slots import MemorySlots
from reactory.adapters.memory.tasks import MemoryTasks
from reactory.ports.queue import Message
from reactory.topology import EVENTS, WAKEUPS
from tests.simulation.auditor import Auditor
from tests.simulation.ports import Port
from tests.simulation.process import TrueClock

if TYPE_CHECKING:
    from tests.simulation.loop import SimLoop
    from tests.simulation.marks import Marks
    from tests.simulation.process import Process
    from tests.simulation.trace import Trace

Shape = tuple[float, int]
"""Of the queues: how many seconds a received message stays invisible, and how often it is received."""


class Backend:
    """``on_message(queue)`` is called when a wake-up may have become visible, ``on_event(queue)`` when an event may have."""

    def __init__(self, loop: SimLoop, trace: Trace, marks: Marks, *, skew_ms: int, shape: Shape) -> None:
        self.loop = loop
        self.trace = trace
        self.marks = marks
        self.clock = TrueClock(loop)
        self.ids = SequentialIds()
        self.instances = MemoryInstances(self.clock)
        self.definitions = MemoryDefinitions()
        self.blobs = MemoryBlobs()
        self.events = MemoryEvents(self.clock)
        self.tasks = MemoryTasks(self.clock)
        self.results = MemoryResults(self.clock)
        self.records = MemoryRecords()
        self.errors = MemoryErrorStatistics()
        self.durations = MemoryDurations()
        self.dead_letters = MemoryDeadLetters()
        self.schedules = MemorySchedules()
        self.executions = MemoryExecutions(self.clock)
        self.breakers, self.buckets, self.slots = MemoryBreakers(), MemoryBuckets(), MemorySlots()
        self.holders: dict[str, tuple[Process, int]] = {}
        """Who took a slot and did not give it back yet, and until when it is his."""
        self.visibility_s = shape[0]
        shapes = [QueueShape(queue.name, *shape) for queue in (*WAKEUPS, EVENTS)]
        self.queue = MemoryQueue(self.clock, SequentialIds("message"), shapes)
        self.auditor = Auditor(self.instances, self.blobs, self.clock, trace, marks, skew_ms)
        self._effects = {
            "instances": self.auditor.perform,
            "definitions": self._definitions,
            "schema": self._definitions,  # never called: there is nothing to create
            "blobs": self._blobs,
            "queue": self._send,
            "bus": self._publish,
            "events": self._store(self.events),
            "tasks": self._store(self.tasks),
            "results": self._store(self.results),
            "records": self._store(self.records),
            "errors": self._store(self.errors),
            "durations": self._store(self.durations),
            "dead_letters": self._store(self.dead_letters),
            "schedules": self._store(self.schedules),
            "executions": self._store(self.executions),
            "breakers": self._counters(self.breakers),
            "buckets": self._counters(self.buckets),
            "slots": self._counters(self.slots),
        }
        self.on_message: Callable[[str], None] = lambda _queue: None
        self.on_event: Callable[[str], None] = lambda _queue: None

    def port(self, process: Process, name: str) -> Any:
        """One of the ports, as the process sees it."""
        return cast("Any", Port(process, name, self._effects[name], self.marks))

    # --- effects --------------------------------------------------------------------------------------------------

    def _definitions(self, process: Process, method: str, args: tuple[Any, ...]) -> Any:
        return getattr(self.definitions, method)(*args)

    def _store(self, store: Any) -> Callable[[Process, str, tuple[Any, ...]], Any]:
        def perform(process: Process, method: str, args: tuple[Any, ...]) -> Any:
            self.trace.note(process.name, method, str(args[0]) if args else "")
            answer = getattr(store, method)(*args)
            if method == "find" and answer:
                self.marks.hit("look found an earlier event")
            return answer

        return perform

    def _counters(self, counters: Any) -> Callable[[Process, str, tuple[Any, ...]], Any]:
        def perform(process: Process, method: str, args: tuple[Any, ...]) -> Any:
            self.trace.note(process.name, method, str(args[0]))
            named = {"failed": args[-1]} if method == "report" else {}
            answer = getattr(counters, method)(*(args[:-1] if named else args), **named)
            if counters is self.slots:
                self._note_slot(process, method, args, taken=answer is None)
            return answer

        return perform

    def _note_slot(self, process: Process, method: str, args: tuple[Any, ...], *, taken: bool) -> None:
        if method == "release":
            self.holders.pop(args[2], None)
        elif taken:
            self.holders[args[2].holder] = (process, args[2].until)

    def _blobs(self, process: Process, method: str, args: tuple[Any, ...]) -> Any:
        if method == "put":
            self.marks.hit("value out of line")
            self.trace.note(process.name, "blobs", ",".join(args[0]))
        return getattr(self.blobs, method)(*args)

    def _publish(self, process: Process, method: str, args: tuple[Any, ...]) -> None:
        self.auditor.published(process, args[0])

    def _send(self, process: Process, method: str, args: tuple[Any, ...]) -> None:
        name, messages = args
        profile, random = process.faults.profile, process.faults.random
        sent: list[Message] = []
        for message in messages:
            if profile.message_lost and random.random() < profile.message_lost:
                self.marks.hit("message lost")
                self.trace.note(process.name, "message lost", str(message.body))
                continue
            if profile.message_late and random.random() < profile.message_late:
                message = replace(message, delay=message.delay + random.uniform(0.0, 20.0))  # noqa: PLW2901
            sent.append(message)
            if profile.message_doubled and random.random() < profile.message_doubled:
                self.marks.hit("message doubled")
                sent.append(replace(message, delay=message.delay + random.uniform(0.0, 5.0)))
        self._enqueue(process, name, sent)

    def _enqueue(self, process: Process, name: str, messages: Sequence[Message]) -> None:
        if not messages:
            return
        self.queue.send(name, messages)
        for message in messages:
            self.trace.note(process.name, "send message", f"{message.body} in {message.delay:.2f} s")
            heard = self.on_event if name == EVENTS.name else self.on_message
            self.loop.call_later(message.delay + process.faults.latency(), heard, name, context=Context())
