"""Wake-ups from SQS advance instances. Partial batch response: what could not be advanced is delivered again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from functions.host.wiring import worker
from reactory.exceptions import InvalidRequestError
from reactory.host.collector import spare_collector
from reactory.host.wakeups import read_wakeup
from reactory.host.worker import WakeUp
from reactory.observability import logger

_LOG = logger(__name__)


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """The message ids to be delivered again."""
    mail = Mail.read(event)
    unfinished = worker().handle(mail.wakeups, context.get_remaining_time_in_millis())
    spare_collector()  # after the first invocation, which has loaded what is loaded late
    return mail.answer(unfinished)


@dataclass(frozen=True, slots=True)
class Mail:
    """The messages of one invocation. ``asked`` are the instance ids of each message, ``unreadable`` those without."""

    wakeups: list[WakeUp] = field(default_factory=list)
    asked: dict[str, list[str]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, event: dict[str, Any]) -> Mail:
        mail = cls()
        for record in event["Records"]:
            message_id = record["messageId"]
            try:
                ids = mail.asked[message_id] = read_wakeup(record["body"])
            except InvalidRequestError as error:
                _LOG.warning("a wake-up cannot be read", record=message_id, error=error.message)
                mail.unreadable.append(message_id)
                continue
            redelivered = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1")) > 1
            mail.wakeups.extend(WakeUp(instance_id, redelivered) for instance_id in ids)
        return mail

    def answer(self, unfinished: Collection[str]) -> dict[str, list[dict[str, str]]]:
        """``unfinished`` are the ids of the instances that could not be advanced. Malformed messages are among those
        to be delivered again: they end in the dead-letter queue that way (WR-11).
        """
        failed = [message_id for message_id, ids in self.asked.items() if any(i in unfinished for i in ids)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in [*self.unreadable, *failed]]}
