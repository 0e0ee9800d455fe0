"""Hints that an instance needs attention. Lose all of them and nothing is lost: the sweeper finds the same instances."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from reactory.exceptions import InvalidRequestError, UnavailableError
from reactory.ports.queue import Message, Queue
from reactory.topology import wakeup_queue

_LOG = logging.getLogger("reactory.host")

NEAR_MS = 15 * 60 * 1000
"""What is due within this time gets a delayed message (SQS delays at most 15 minutes); later is the sweeper's."""

PACK = 5
"""Instances in one message where many are due at the same moment: a tenth of the messages' price for bulk starts and
sweeps, and with ten messages an invocation has fifty instances to write together, which is as much as one function
should run at once."""


class WakeUpMessage(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """``{"instanceId": …}``, or ``{"instanceIds": […]}`` for several that are due at the same moment."""

    instance_id: str | None = None
    instance_ids: list[str] = []

    def ids(self) -> list[str]:
        return [*([self.instance_id] if self.instance_id else []), *self.instance_ids]


def send_wakeups(queue: Queue, wakeups: Iterable[tuple[str, int, int, str]]) -> None:
    """Send (instance id, priority, delay in ms, tenant) to the queue of its priority. A failure is logged, not raised."""
    alike: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for instance_id, priority, delay_ms, tenant in wakeups:
        alike[wakeup_queue(priority), max(0, delay_ms), tenant].append(instance_id)
    by_queue: dict[str, list[Message]] = defaultdict(list)
    for (name, delay_ms, tenant), ids in alike.items():
        by_queue[name] += [Message(_body(pack), delay_ms / 1000, tenant) for pack in _packs(ids)]
    for name, messages in by_queue.items():
        try:
            queue.send(name, messages)
        except UnavailableError as error:
            _LOG.warning("wake-ups not sent, the sweeper will find them: %s", error.message)


def read_wakeup(body: str) -> list[str]:
    """The instance ids of a message. Raises InvalidRequestError for what is no wake-up."""
    try:
        ids = msgspec.json.decode(body, type=WakeUpMessage).ids()
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequestError(f"the message is no wake-up: {error}") from error
    if not ids:
        raise InvalidRequestError("the message is no wake-up: it names no instance")
    return ids


def _packs(ids: list[str]) -> list[list[str]]:
    return [ids[begin : begin + PACK] for begin in range(0, len(ids), PACK)]


def _body(ids: list[str]) -> dict[str, Any]:
    return {"instanceId": ids[0]} if len(ids) == 1 else {"instanceIds": ids}
