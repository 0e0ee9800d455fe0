"""Messages ``{jobId, tenant}`` go on with batch jobs, one portion each."""

from __future__ import annotations

from typing import Any

import msgspec

from functions.runner.wiring import runner
from reactory.exceptions import InvalidRequestError, NotFoundError, ReactoryError
from reactory.observability import logger

_LOG = logger(__name__)


class JobMessage(msgspec.Struct, frozen=True, rename="camel"):
    job_id: str
    tenant: str = "default"


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Partial batch response: the ids of the messages that failed."""
    failed: list[str] = []
    for record in event["Records"]:
        try:
            message = _decode(record["body"])
            runner().batches.go_on(message.job_id, message.tenant)
        except NotFoundError as error:
            _LOG.warning("a job is gone", record=record["messageId"], error=error.message)
        except ReactoryError as error:
            _LOG.warning("a job message failed", record=record["messageId"], code=error.code, error=error.message)
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _decode(body: str) -> JobMessage:
    try:
        return msgspec.json.decode(body, type=JobMessage)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequestError(f"the message is no job: {error}") from error
