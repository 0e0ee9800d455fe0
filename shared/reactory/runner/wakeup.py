"""The hint that an instance needs attention. Losing it costs time, not work: the sweeper finds what is due."""

from __future__ import annotations

from collections.abc import Iterable

from reactory import topology
from reactory.exceptions import QueueUnavailableError
from reactory.observability import logger
from reactory.ports.queue import Message, Queue
from reactory.ports.store import Instance

_LOG = logger(__name__)


def send_wakeups(queue: Queue, instances: Iterable[Instance]) -> None:
    """One message per instance to the queue of its priority class. A queue that is down is logged, not raised."""
    by_queue: dict[str, list[Message]] = {}
    for instance in instances:
        message = Message(body={"instanceId": instance.id}, group=instance.tenant)
        by_queue.setdefault(topology.wakeup_queue(instance.priority), []).append(message)
    for name, messages in by_queue.items():
        try:
            queue.send(name, messages)
        except QueueUnavailableError as error:
            text = "wake-ups were not sent; the sweeper will find the instances"
            _LOG.warning(text, queue=name, count=len(messages), error=error.message)
