"""The queues of the topology inside this process, with the manners of SQS: visibility, redrive, delays, at least once.

For the local stack and for tests. What is in it is lost with the process, and that is fine: a message is a hint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reactory import topology
from reactory.adapters.memory.channel import Channel, Entry
from reactory.adapters.wire import clamped_delay, json_text
from reactory.exceptions import QueueUnavailableError
from reactory.ports.clock import Clock, Ids
from reactory.ports.queue import MAX_BODY, Depth, Message, Received


@dataclass(frozen=True, slots=True)
class QueueShape:
    """One queue and its ``<name>-dead``. ``visibility`` is seconds."""

    name: str
    visibility: float
    max_receives: int


def declared() -> tuple[QueueShape, ...]:
    """The queues of ``topology.py``."""
    return tuple(
        QueueShape(queue.name, topology.visibility(function), queue.max_receives)
        for function in topology.FUNCTIONS
        for queue in function.queues
    )


class MemoryQueue:
    """Implements the ports ``Queue`` and ``Receiver``. Safe to share between threads; a receiver wakes at once."""

    def __init__(self, clock: Clock, ids: Ids, shapes: Sequence[QueueShape] | None = None) -> None:
        self._clock = clock
        self._ids = ids
        self._channels: dict[str, Channel] = {}
        self._sources: dict[str, Channel] = {}
        for shape in declared() if shapes is None else shapes:
            dead = Channel(clock, shape.visibility)
            source = Channel(clock, shape.visibility, shape.max_receives, dead)
            self._channels[shape.name] = source
            self._channels[f"{shape.name}-dead"] = dead
            self._sources[f"{shape.name}-dead"] = source

    def send(self, queue: str, messages: Sequence[Message]) -> None:
        channel = self._channel(queue)
        now = self._clock.now()
        channel.add(
            [
                Entry(
                    message_id=self._ids.new(),
                    body=json_text(message.body, f"A message for queue {queue!r}", MAX_BODY),
                    group=message.group,
                    sent_at=now,
                    delay=clamped_delay(message.delay),
                )
                for message in messages
            ]
        )

    def receive(self, queue: str, max_messages: int, wait_seconds: float = 0.0) -> list[Received]:
        return self._channel(queue).receive(max_messages, wait_seconds)

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        self._channel(queue).delete(receipts)

    def change_visibility(self, queue: str, receipt: str, seconds: float) -> None:
        self._channel(queue).change_visibility(receipt, seconds)

    def depth(self, queue: str) -> Depth:
        return self._channel(queue).depth()

    def names(self) -> tuple[str, ...]:
        """All queues, dead-letter queues included."""
        return tuple(self._channels)

    def wake(self) -> None:
        """Let every waiting receiver look at the clock again; for a clock that is moved by hand."""
        for channel in self._channels.values():
            channel.wake()

    def close(self) -> None:
        """End every wait, now and later: receivers get what there is, at once."""
        for channel in self._channels.values():
            channel.close()

    def _channel(self, name: str) -> Channel:
        source = self._sources.get(name)
        if source is not None:
            source.depth()  # what is overdue there belongs here now
        try:
            return self._channels[name]
        except KeyError:
            known = ", ".join(sorted(self._channels))
            raise QueueUnavailableError(f"There is no queue {name!r}. Known queues: {known}.") from None
