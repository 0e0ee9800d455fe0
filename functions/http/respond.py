"""Answers as HTTP responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler.api_gateway import Response

JSON = "application/json"


def respond(answer: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[str]:
    """``answer`` as JSON. Nothing that a workflow's state says is to be kept by a cache."""
    extra: dict[str, str | list[str]] = {"Cache-Control": "no-store", **(headers or {})}
    return Response(status, content_type=JSON, body=msgspec.json.encode(answer).decode(), headers=extra)
