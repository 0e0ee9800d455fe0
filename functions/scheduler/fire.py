"""Messages ``{executionId}`` fire slots. Partial batch response: what could not be seen to is delivered again."""

from __future__ import annotations

from typing import Any

from functions.scheduler.wiring import scheduler
from reactory.exceptions import ReactoryError
from reactory.observability import logger
from reactory.scheduler.messages import read_fire_message

_LOG = logger(__name__)


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """The ids of the messages that failed. One that names no execution ends in the dead-letter queue (WR-11)."""
    failed: list[str] = []
    for record in event["Records"]:
        try:
            scheduler().fire.handle(read_fire_message(record["body"]))
        except ReactoryError as error:
            _LOG.warning("a schedule message failed", record=record["messageId"], code=error.code, error=error.message)
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}
