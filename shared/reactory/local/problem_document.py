"""Problem documents (RFC 9457) for what goes wrong in front of the functions."""

from __future__ import annotations

import time

import msgspec

from reactory.local.http_event import Response

_TITLES = {
    400: "Bad Request",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def problem(status: int, code: str, message: str, instance: str = "") -> Response:
    """``code`` is stable, ``message`` is for people, ``instance`` the path of the request."""
    title = _TITLES.get(status, "Error")
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": message,
        "instance": instance,
        "code": code,
        "error": title,
        "message": message,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    headers = (("content-type", "application/problem+json"),)
    return Response(status, headers, msgspec.json.encode(document))
