"""What goes wrong is told as a problem document, whatever it is."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from functions.http.problem import ProblemDocument
from reactory.topology import FUNCTIONS
from tests.unit.runner.lab import Answer, Lab

ROUTES = [(route.method, route.path) for spec in FUNCTIONS if spec.name == "runner-api" for route in spec.routes]


def check(answer: Answer) -> None:
    """The members of RFC 9457 and of WR-16."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json
    assert document["status"] == answer.status
    assert document["type"] == f"urn:reactory:problem:{document['code']}"
    assert document["detail"] == document["message"]
    assert document["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert {"title", "instance", "error", "requestId"} <= document.keys()


@pytest.mark.parametrize("path", ["/", "/nothing", "/workflow/instance/", "/workflow/instance/a/b/c", "/health/"])
def test_an_unknown_path_is_404(lab: Lab, path: str) -> None:
    """WR-16: 404 as a problem document."""
    answer = lab.call("GET", path)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    check(answer)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/health", "GET"),
        ("GET", "/workflow/start/lab.Flow", "POST"),
        ("PATCH", "/workflow/instance/abc", "DELETE, GET"),
        ("PUT", "/workflow/workflows", "GET, POST"),
        ("HEAD", "/workflow/status", "GET"),
    ],
)
def test_a_wrong_method_is_405(lab: Lab, method: str, path: str, allowed: str) -> None:
    """WR-16: 405 with the methods that the path knows in Allow."""
    answer = lab.call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    check(answer)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_surprise_is_500_without_a_trace(lab: Lab, method: str, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """WR-16: what nobody foresaw is 500 internal_error on every route; the trace is in the log, not in the answer."""

    class Surprise:
        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError(f"secret of {name}")

    lab.runner = Surprise()  # type: ignore[assignment]  # whatever the endpoint touches fails
    body: Any = {} if method == "POST" else None
    with caplog.at_level(logging.ERROR):
        answer = lab.call(method, re.sub(r"\{\w+\}", "a", path), body)
    if path == "/openapi.json":
        assert answer.status == 200  # it asks nobody
        return
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json["requestId"] in answer.json["message"]
    check(answer)
    assert any(record.exc_info and "secret" in str(record.exc_info[1]) for record in caplog.records)


def test_a_runner_that_cannot_be_made_is_500(lab: Lab) -> None:
    """WR-16: settings that are wrong are an answer too, not a crash of the function."""
    from functions.http.routing import make_handler
    from functions.runner.api import ENDPOINTS
    from tests.unit.runner.lab import api_event, send

    def broken() -> Any:
        raise RuntimeError("REACTORY_MONGODB_URI is wrong")

    answer = send(make_handler("runner-api", ENDPOINTS, broken), api_event("GET", "/workflow/status"))
    assert answer.status == 500
    check(answer)


def test_a_problem_document_has_the_members_of_its_type() -> None:
    """WR-16: error, message, timestamp and code stand beside the members of RFC 9457."""
    fields = set(ProblemDocument.__struct_encode_fields__)
    assert fields >= {"type", "title", "status", "detail", "instance", "error", "message", "timestamp", "code"}
