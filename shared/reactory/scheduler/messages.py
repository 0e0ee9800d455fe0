"""Messages of the queue ``schedules``: ``{"executionId": …}`` has an execution looked at. Hints: a tick repeats them."""

from __future__ import annotations

import msgspec

from reactory.exceptions import InvalidRequestError
from reactory.ports.queue import Message


class FireMessage(msgspec.Struct, frozen=True, rename="camel"):
    execution_id: str


def fire_message(execution_id: str, delay_ms: int, tenant: str) -> Message:
    """To be received in so many milliseconds; at once, if that is over."""
    return Message({"executionId": execution_id}, max(0, delay_ms) / 1000, tenant)


def read_fire_message(body: str) -> str:
    """The execution's id. Raises InvalidRequestError for what is no such message."""
    try:
        return msgspec.json.decode(body, type=FireMessage).execution_id
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequestError(f"the message names no execution: {error}") from error
