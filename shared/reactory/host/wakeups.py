"""Hints that an instance needs attention. Lose all of them and nothing is lost: the sweeper finds the same instances."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable

from reactory.exceptions import UnavailableError
from reactory.ports.queue import Message, Queue
from reactory.topology import wakeup_queue

_LOG = logging.getLogger("reactory.host")

NEAR_MS = 15 * 60 * 1000
"""What is due within this time gets a delayed message (SQS delays at most 15 minutes); later is the sweeper's."""


def send_wakeups(queue: Queue, wakeups: Iterable[tuple[str, int, int, str]]) -> None:
    """Send (instance id, priority, delay in ms, tenant) to the queue of its priority. A failure is logged, not raised."""
    by_queue: dict[str, list[Message]] = defaultdict(list)
    for instance_id, priority, delay_ms, tenant in wakeups:
        message = Message({"instanceId": instance_id}, max(0, delay_ms) / 1000, tenant)
        by_queue[wakeup_queue(priority)].append(message)
    for name, messages in by_queue.items():
        try:
            queue.send(name, messages)
        except UnavailableError as error:
            _LOG.warning("wake-ups not sent, the sweeper will find them: %s", error.message)
