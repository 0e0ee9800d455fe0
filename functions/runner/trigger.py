"""Messages ``workflow.trigger`` from SQS start workflows (IM-4). Poison goes to the dead-letter queue, not in circles.

A message that cannot be used is answered as failed: SQS gives it again up to ``maxReceiveCount`` times and then moves
it to the dead-letter queue, where it can be looked at. The other messages of the batch are not affected (WR-11).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from functions.runner.wiring import runner
from reactory.exceptions import InvalidRequestError, ReactoryError
from reactory.observability import logger
from reactory.runner.request import StartRequest
from reactory.runner.runner import Runner

_LOG = logger(__name__)
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class TriggerMessage(msgspec.Struct, frozen=True, rename="camel"):
    """As in formats.md. ``src`` says who sent it. Fields that are not known are left alone: senders may have their own."""

    id: _Name | None = None
    workflow_id: _Name | None = None
    version: _Name | None = None
    data: dict[str, Any] | None = None
    src: str | None = None
    correlation_id: _Name | None = None
    idempotency_key: _Name | None = None
    tags: list[str] = []
    priority: int | None = None


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Partial batch response: the ids of the messages that failed."""
    return {"batchItemFailures": [{"itemIdentifier": name} for name in trigger(event["Records"], runner())]}


def trigger(records: list[dict[str, Any]], runner: Runner) -> list[str]:
    """Start what each message asks for, with one write for all; the ids of those that failed."""
    failed: list[str] = []
    asked: list[tuple[str, StartRequest]] = []
    for record in records:
        try:
            asked.append((record["messageId"], read_message(record)))
        except InvalidRequestError as error:
            failed.append(_failure(record["messageId"], error))
    try:
        outcomes = runner.start.start_many([request for _, request in asked])
    except ReactoryError as error:  # the store as a whole: every message comes again
        return failed + [_failure(message_id, error) for message_id, _ in asked]
    for (message_id, _), outcome in zip(asked, outcomes, strict=True):
        if isinstance(outcome, ReactoryError):
            failed.append(_failure(message_id, outcome))
    return failed


def read_message(record: dict[str, Any]) -> StartRequest:
    """The request in one SQS record. Raises InvalidRequestError for what is no trigger.

    SQS delivers at least once, so the message's id is its idempotency key, unless the sender gave a better one.
    """
    try:
        message = msgspec.json.decode(record["body"], type=TriggerMessage)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequestError(f"the message is no workflow.trigger: {error}") from error
    workflow = message.workflow_id or message.id
    if workflow is None:
        raise InvalidRequestError("the message names no workflow: give id or workflowId")
    return StartRequest(
        workflow=workflow,
        version=message.version,
        data=message.data,
        mode="event",
        trigger_id=record["messageId"],
        caller=message.src,
        tags=tuple(message.tags),
        priority=message.priority,
        idempotency_key=message.idempotency_key or record["messageId"],
        correlation_id=message.correlation_id or record["messageId"],
    )


def _failure(message_id: str, error: ReactoryError) -> str:
    _LOG.warning("a trigger message failed", record=message_id, code=error.code, error=error.message)
    return message_id
