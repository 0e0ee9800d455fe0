"""Whatever goes wrong over HTTP is a problem document (WR-16)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2
import pytest

from tests.e2e.api import Api

MEMBERS = {"type", "title", "status", "detail", "instance", "error", "message", "code", "timestamp"}
JSON = {"content-type": "application/json"}
YAML = {"content-type": "application/yaml"}


@dataclass(frozen=True)
class Wrong:
    """A request, and the status and code that it deserves."""

    status: int
    code: str
    method: str
    path: str
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


START = "/workflow/start/plant.Greet"
WRONG = [
    Wrong(404, "not_found", "GET", "/nowhere"),
    Wrong(404, "not_found", "GET", "/workflow/instance/"),
    Wrong(404, "instance_not_found", "GET", "/workflow/instance/nobody"),
    Wrong(404, "instance_not_found", "DELETE", "/workflow/instance/nobody"),
    Wrong(404, "workflow_not_found", "POST", "/workflow/start/plant.Nothing", b"{}"),
    Wrong(404, "workflow_not_found", "POST", f"{START}?version=9.9.9", b'{"name": "Ada"}'),
    Wrong(405, "method_not_allowed", "PUT", "/workflow/instances"),
    Wrong(405, "method_not_allowed", "GET", START),
    Wrong(400, "invalid_request", "POST", START, b"{"),
    Wrong(400, "invalid_request", "POST", START, b"\xff\xfe"),
    Wrong(400, "invalid_request", "POST", f"{START}?wait=never", b'{"name": "Ada"}'),
    Wrong(400, "invalid_input", "POST", START, b"[]"),
    Wrong(400, "invalid_input", "POST", START, b'{"name": "A", "times": 9}'),
    Wrong(413, "payload_too_large", "POST", START, b'"' + b"x" * 1_048_577 + b'"'),
    Wrong(415, "unsupported_media_type", "POST", START, b"<name/>", {"content-type": "application/xml"}),
    Wrong(422, "invalid_definition", "POST", "/workflow/workflows", b"name: 7", YAML),
]


def send(api: Api, wrong: Wrong) -> httpx2.Response:
    return api.http.request(wrong.method, wrong.path, content=wrong.content, headers=dict(wrong.headers))


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.status}-{wrong.method}-{wrong.path}")
def test_a_refusal_is_a_problem_document(api: Api, wrong: Wrong) -> None:
    """WR-16: RFC 9457 with error, message, timestamp and a stable code; no trace of the inside."""
    response = send(api, wrong)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (wrong.status, wrong.code), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert problem.keys() >= MEMBERS
    assert problem["status"] == wrong.status
    assert problem["message"]
    assert "Traceback" not in response.text
    assert ".py" not in response.text


def test_a_refused_method_is_told_which_are_allowed(api: Api) -> None:
    """WR-16: a 405 names the methods of the path."""
    response = api.http.put("/workflow/instances")
    assert response.headers["allow"] == "GET"


def test_all_problems_of_an_input_come_at_once(api: Api) -> None:
    """YF-2, WR-16: one answer lists every field that is wrong."""
    problem = api.post(START, {"name": "A", "times": 9}).json()
    assert sorted(found["path"] for found in problem["problems"]) == ["input.name", "input.times"]


def test_all_problems_of_a_document_come_at_once(api: Api) -> None:
    """YF-1, WR-2: a definition with several faults is refused with all of them, each with code, path and line."""
    text = """
nameSpace: plant
name: Broken
version: 1
steps:
  - { id: one, type: nothing }
  - { id: one, type: task, config: { handler: plant.missing } }
"""
    response = api.http.post("/workflow/workflows", content=text, headers=YAML)
    assert response.status_code == 422
    problems = response.json()["problems"]
    assert {problem["code"] for problem in problems} >= {
        "INVALID_VERSION_FORMAT",
        "UNKNOWN_STEP_TYPE",
        "DUPLICATE_STEP_ID",
        "UNKNOWN_HANDLER",
    }
    assert all(problem["path"] and problem["line"] for problem in problems)
    assert api.http.get("/workflow/workflows/plant/Broken").status_code == 404


def test_the_front_answers_after_all_that(api: Api) -> None:
    """WR-11, OB-6: no request of these tests has hurt the process."""
    health = api.get("/health")
    assert health["status"] == "healthy", json.dumps(health)
