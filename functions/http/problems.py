"""Exceptions as RFC 9457 problem documents (WR-16). The only place where an error becomes HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.problem import ProblemDocument
from reactory.exceptions import (
    InvalidDefinitionError,
    InvalidInputError,
    InvalidScheduleError,
    MethodNotAllowedError,
    RateLimitedError,
    ReactoryError,
)
from reactory.observability import logger
from reactory.runner.answers import ProblemAnswer, problem_answer
from reactory.runner.instant import to_text

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = 1
"""Seconds to wait after an answer that says "not now"."""

_LOG = logger(__name__)


def problem_response(error: Exception, event: Mapping[str, Any]) -> Response[str]:
    """What was refused is told in full; what was not foreseen is told by an id that stands in the log.

    Called while ``error`` is being handled, so that the log gets its traceback.
    """
    context = event.get("requestContext") or {}
    method, path = _target(event)
    request_id = str(context.get("requestId", ""))
    if isinstance(error, ReactoryError) and error.http_status != HTTPStatus.INTERNAL_SERVER_ERROR:
        status, code, message = HTTPStatus(error.http_status), error.code, error.message
    else:
        _LOG.exception("a request failed", request=request_id, method=method, path=path)
        status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error"
        message = f"an internal error occurred; the log has it under request {request_id}"
    document = ProblemDocument(
        type=f"urn:reactory:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status.value,
        detail=message,
        instance=quote(path),
        error=status.phrase,
        message=message,
        code=code,
        timestamp=to_text(int(context.get("timeEpoch", 0))),
        request_id=request_id,
        problems=_problems(error),
    )
    body = msgspec.json.encode(document).decode()
    return Response(status.value, content_type=PROBLEM_JSON, body=body, headers=_headers(error))


def _problems(error: Exception) -> list[ProblemAnswer] | None:
    if isinstance(error, InvalidInputError | InvalidScheduleError | InvalidDefinitionError):
        return [problem_answer(problem) for problem in error.problems]
    return None


def _headers(error: Exception) -> dict[str, str | list[str]]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if isinstance(error, MethodNotAllowedError):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, ReactoryError) and error.retryable:
        headers["Retry-After"] = str(error.retry_after if isinstance(error, RateLimitedError) else RETRY_AFTER)
    return headers


def _target(event: Mapping[str, Any]) -> tuple[str, str]:
    http = (event.get("requestContext") or {}).get("http") or {}
    return str(http.get("method", "")), str(event.get("rawPath", ""))
