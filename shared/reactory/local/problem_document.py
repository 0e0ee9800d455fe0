"""Problem documents (RFC 9457) for what goes wrong in front of the functions."""

from __future__ import annotations

import time
from http import HTTPStatus
from urllib.parse import quote

import msgspec

from reactory.local.http_event import Response


def problem(status: int, code: str, message: str, path: str = "") -> Response:
    """As the functions' own: ``code`` is stable, ``message`` is for people, ``path`` the request's."""
    document = {
        "type": f"urn:reactory:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": message,
        "instance": quote(path),
        "error": HTTPStatus(status).phrase,
        "message": message,
        "code": code,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return Response(status, (("content-type", "application/problem+json"),), msgspec.json.encode(document))
