"""HTTP requests as API Gateway gives them to a function (payload format 2.0), and the functions' answers as HTTP.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from reactory.local.lambda_context import ACCOUNT
from reactory.local.routes import Match

_API = "local"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came over the wire. ``target`` is the path with its query, still encoded."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    @property
    def path(self) -> str:
        """Decoded: an HTTP API matches, and passes on, the decoded path."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class BadAnswerError(ValueError):
    """A function's answer that API Gateway would turn into a 500."""


def to_event(request: Request, match: Match, request_id: str, now: float) -> dict[str, Any]:
    """``now`` is seconds since the epoch. Fields that would be empty are absent, as on AWS."""
    headers = _joined((name.lower(), value.strip()) for name, value in request.headers)
    cookies = headers.pop("cookie", None)
    body, encoded = _body(request.body, headers.get("content-type", ""))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(request, match, headers, request_id, now),
        "isBase64Encoded": encoded,
    }
    optional = {
        "cookies": [part.strip() for part in cookies.split(";")] if cookies else None,
        "queryStringParameters": _joined(parse_qsl(request.query, keep_blank_values=True)),
        "pathParameters": match.parameters,
        "body": body,
    }
    return event | {name: value for name, value in optional.items() if value}


def to_response(result: object) -> Response:
    """An answer without ``statusCode`` is the body of a 200, as API Gateway infers. Raises BadAnswerError."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return Response(200, (("content-type", "application/json"),), msgspec.json.encode(result))
    try:
        status = int(result["statusCode"])
        body = result.get("body") or ""
        if not isinstance(body, str):
            raise BadAnswerError(f"body is {type(body).__name__}, not a string")
        content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
        headers = _headers(result)
    except (TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise BadAnswerError(f"The function's answer is no HTTP response: {error}") from error
    return Response(status, headers, content)


def _headers(result: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    single = [(str(name), str(value)) for name, value in (result.get("headers") or {}).items()]
    several = [
        (str(name), str(value)) for name, values in (result.get("multiValueHeaders") or {}).items() for value in values
    ]
    named = {name.lower() for name, _ in several}
    headers = [(name, value) for name, value in single if name.lower() not in named] + several
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    headers += [("set-cookie", str(cookie)) for cookie in result.get("cookies") or ()]
    for name, value in headers:
        if not name or any(character in name + value for character in "\r\n"):
            raise BadAnswerError(f"the header {name!r} holds a line break")
    return tuple((name, value) for name, value in headers if name.lower() not in ("content-length", "connection"))


def _context(request: Request, match: Match, headers: Mapping[str, str], request_id: str, now: float) -> dict[str, Any]:
    domain = headers.get("host", "localhost")
    return {
        "accountId": ACCOUNT,
        "apiId": _API,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": match.route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The values of one name joined by commas, in order."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(content: bytes, content_type: str) -> tuple[str | None, bool]:
    """Text stays text where API Gateway takes the content type for text; the rest is base64."""
    if not content:
        return None, False
    if _is_text(content_type):
        try:
            return content.decode(), False
        except UnicodeDecodeError:
            pass  # says that it is text, and is not: keep every byte
    return base64.b64encode(content).decode(), True


def _is_text(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return (
        not media
        or media.startswith("text/")
        or media in ("application/json", "application/javascript", "application/xml")
        or media.endswith(("+json", "+xml"))
    )
