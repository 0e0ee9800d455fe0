"""Requests become the events that API Gateway documents (payload format 2.0), answers become HTTP."""

from __future__ import annotations

import base64

import msgspec
import pytest

from reactory.local.http_event import BadAnswerError, Request, to_event, to_response
from reactory.local.routes import Match

MATCH = Match("runner-api", "POST /workflow/start/{workflowId}", {"workflowId": "acme.Order@1.0.0"})
NOW = 1_583_349_317.135


def request(**changes: object) -> Request:
    values: dict[str, object] = {
        "method": "POST",
        "target": "/workflow/start/acme.Order%401.0.0?wait=5&tag=a&tag=b&empty=",
        "headers": (
            ("Host", "127.0.0.1:8080"),
            ("User-Agent", "agent"),
            ("X-Two", "one"),
            ("x-two", "two"),
            ("Cookie", "a=1; b=2"),
            ("Content-Type", "application/json; charset=utf-8"),
        ),
        "body": b'{"n": 1}',
    }
    return Request(**{**values, **changes})  # type: ignore[arg-type]  # the test gives what the fields take


def test_event_has_the_documented_shape() -> None:
    """An event has the fields of payload format 2.0, with the values that AWS would put there."""
    assert to_event(request(), MATCH, "id-1", NOW) == {
        "version": "2.0",
        "routeKey": "POST /workflow/start/{workflowId}",
        "rawPath": "/workflow/start/acme.Order@1.0.0",
        "rawQueryString": "wait=5&tag=a&tag=b&empty=",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "host": "127.0.0.1:8080",
            "user-agent": "agent",
            "x-two": "one,two",
            "content-type": "application/json; charset=utf-8",
        },
        "queryStringParameters": {"wait": "5", "tag": "a,b", "empty": ""},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "127.0.0.1:8080",
            "domainPrefix": "127",
            "http": {
                "method": "POST",
                "path": "/workflow/start/acme.Order@1.0.0",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "agent",
            },
            "requestId": "id-1",
            "routeKey": "POST /workflow/start/{workflowId}",
            "stage": "$default",
            "time": "04/Mar/2020:19:15:17 +0000",
            "timeEpoch": 1583349317135,
        },
        "pathParameters": {"workflowId": "acme.Order@1.0.0"},
        "body": '{"n": 1}',
        "isBase64Encoded": False,
    }


def test_empty_parts_are_absent() -> None:
    """A request without query, parameters, cookies and body has none of these fields, as on AWS."""
    event = to_event(Request("GET", "/health", (), b""), Match("runner-api", "GET /health"), "id-1", NOW)
    assert event.keys().isdisjoint({"queryStringParameters", "pathParameters", "cookies", "body"})
    assert event["rawQueryString"] == ""


@pytest.mark.parametrize(
    ("content_type", "body", "encoded"),
    [
        ("application/json", b"{}", False),
        ("application/vnd.reactory.start+json", b"{}", False),
        ("text/plain", "grün".encode(), False),
        ("", b"plain", False),
        ("application/octet-stream", b"abc", True),
        ("application/yaml", b"a: 1", True),
        ("application/json", b"\xff\xfe", True),
    ],
)
def test_bodies_that_are_no_text_are_base64(content_type: str, body: bytes, encoded: bool) -> None:
    """Only the content types that API Gateway knows as text stay text; no byte is ever lost."""
    event = to_event(request(headers=(("Content-Type", content_type),), body=body), MATCH, "id-1", NOW)
    assert event["isBase64Encoded"] is encoded
    read = base64.b64decode(event["body"]) if encoded else event["body"].encode()
    assert read == body


def test_answers_become_responses() -> None:
    """Status, headers, several cookies and a base64 body come out as HTTP."""
    response = to_response(
        {
            "statusCode": 201,
            "headers": {"X-One": "1", "Content-Length": "999"},
            "cookies": ["a=1", "b=2"],
            "body": base64.b64encode(b"\x00\x01").decode(),
            "isBase64Encoded": True,
        }
    )
    assert (response.status, response.body) == (201, b"\x00\x01")
    assert response.headers == (
        ("X-One", "1"),
        ("content-type", "text/plain; charset=utf-8"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    )


def test_answer_without_status_is_the_body() -> None:
    """What is returned without a statusCode is the JSON body of a 200, as API Gateway infers."""
    response = to_response({"hello": "world"})
    assert (response.status, msgspec.json.decode(response.body)) == (200, {"hello": "world"})
    assert response.headers == (("content-type", "application/json"),)


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"X-Bad": "a\r\nX-Injected: b"}},
        {"statusCode": 200, "headers": ["no", "map"]},
    ],
)
def test_answers_that_are_no_response_are_refused(answer: object) -> None:
    """An answer that cannot be HTTP is an error that says why, never half a response."""
    with pytest.raises(BadAnswerError):
        to_response(answer)
