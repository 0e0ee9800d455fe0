"""Events from the queue ``events``: published by others, or due now. Also those that a rule of the bus sends there.

Three shapes of a body: ``{"eventId": …}`` reminds of a stored event; ``{name, key, data, id, eventTime, source}`` publishes
one; an event of EventBridge is published under the name of its detail-type, or as its detail says (``eventName``,
``eventKey``, ``data``). What cannot be used ends in the dead-letter queue (WR-11).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from functions.runner.wiring import runner
from reactory.definition.instant import parse_instant
from reactory.exceptions import InvalidRequestError, ReactoryError
from reactory.observability import logger
from reactory.runner.runner import Runner

_LOG = logger(__name__)
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class EventMessage(msgspec.Struct, frozen=True, rename="camel"):
    """A reminder, or an event. Without ``id`` the message's own id makes it idempotent: SQS delivers at least once."""

    event_id: _Name | None = None
    name: _Name | None = None
    key: str = ""
    data: Any = None
    id: _Name | None = None
    event_time: str | None = None
    source: str | None = None


class Detail(msgspec.Struct, frozen=True, rename="camel"):
    """What an event of the bus may say about itself."""

    event_name: _Name | None = None
    event_key: str = ""
    data: Any = None


class BusMessage(msgspec.Struct, frozen=True):
    """An event of EventBridge as a rule puts it into a queue."""

    id: _Name
    detail_type: _Name = msgspec.field(name="detail-type")
    source: str = ""
    time: str | None = None
    detail: Any = None


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Partial batch response: the ids of the messages that failed."""
    failed: list[str] = []
    for record in event["Records"]:
        try:
            take(record, runner())
        except ReactoryError as error:
            _LOG.warning("an event message failed", record=record["messageId"], code=error.code, error=error.message)
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def take(record: dict[str, Any], runner: Runner) -> None:
    """Carry out one message. Raises InvalidRequestError for what is no event."""
    body = _decode(record["body"])
    if isinstance(body, BusMessage):
        detail = _detail(body.detail)
        runner.events.publish(
            detail.event_name or body.detail_type,
            detail.event_key,
            detail.data if detail.event_name else body.detail,
            idempotency_key=body.id,
            source=body.source or None,
        )
    elif body.event_id is not None:
        runner.events.deliver(body.event_id)
    elif body.name is not None:
        runner.events.publish(
            body.name,
            body.key,
            body.data,
            idempotency_key=body.id or record["messageId"],
            time=None if body.event_time is None else parse_instant(body.event_time),
            source=body.source,
        )
    else:
        raise InvalidRequestError("the message is no event: give name (and key, data), or eventId")


def _decode(text: str) -> EventMessage | BusMessage:
    try:
        body = msgspec.json.decode(text)
        is_bus = isinstance(body, dict) and "detail-type" in body
        return msgspec.convert(body, BusMessage) if is_bus else msgspec.convert(body, EventMessage)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError, RecursionError) as error:
        raise InvalidRequestError(f"the message is no event: {error}") from error


def _detail(detail: Any) -> Detail:
    try:
        return msgspec.convert(detail, Detail)
    except msgspec.ValidationError:
        return Detail()
