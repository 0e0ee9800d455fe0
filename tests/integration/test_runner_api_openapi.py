"""The API's description is valid, complete, and true."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.errors.openapi import ERRORS
from functions.errors.routes import ENDPOINTS as ERROR_ENDPOINTS
from functions.runner.api import ENDPOINTS
from functions.runner.openapi import API_VERSION, EVERYTHING, OPERATIONS, openapi_json
from reactory.topology import FUNCTIONS
from tests.unit.errors.desk import Desk
from tests.unit.runner.lab import Answer, Lab, flow, work


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.lab.close()


ROOT = Path(__file__).parents[2]
ROUTES = {f"{route.method} {route.path}" for spec in FUNCTIONS if spec.name == "runner-api" for route in spec.routes}
DOCUMENT: dict[str, Any] = json.loads(openapi_json())


def fits(answer: Answer, key: str) -> None:
    """The answer is one that the description has for this operation and status, and it fits its schema."""
    method, path = key.split(" ")
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(answer.status) in responses, f"{key} answers {answer.status}: {answer.text}"
    content = responses[str(answer.status)]["content"]
    schema = content[answer.headers["Content-Type"]]["schema"]
    OAS31Validator({**schema, "components": DOCUMENT["components"]}).validate(answer.json)


def test_the_description_is_openapi() -> None:
    """REST: GET /openapi.json is a valid OpenAPI 3.1 document."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_description_has_every_route() -> None:
    """REST: the topology, the endpoints and the description have the same routes."""
    assert set(ENDPOINTS) == set(OPERATIONS) == ROUTES
    assert set(ERROR_ENDPOINTS) == set(ERRORS)
    assert set(EVERYTHING) == {f"{route.method} {route.path}" for spec in FUNCTIONS for route in spec.routes}


def test_the_description_has_the_projects_version() -> None:
    """REST: the version told is the one released."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == API_VERSION


def test_the_description_tells_of_the_rate_limit() -> None:
    """REST, WR-7: everything but the health check may be answered with 429, and says when to come back."""
    for key in ROUTES:
        method, path = key.split(" ")
        responses = DOCUMENT["paths"][path][method.lower()]["responses"]
        assert ("429" in responses) == (path != "/health")
        assert all("Retry-After" in responses[status]["headers"] for status in responses if status == "429")


def test_the_description_is_served(lab: Lab) -> None:
    """REST: GET /openapi.json answers it."""
    answer = lab.call("GET", "/openapi.json")
    assert (answer.status, answer.json) == (200, DOCUMENT)


def test_answers_fit_the_description(lab: Lab) -> None:
    """REST: what every endpoint answers fits its schema."""
    each = {"id": "each", "type": "for_each", "config": {"items": "[1, 2]", "steps": [work("inner")]}}
    nap = {"id": "nap", "type": "delay", "config": {"duration": 60_000}}
    yaml = {"content-type": "application/yaml"}
    register = "POST /workflow/workflows"
    fits(lab.call("POST", "/workflow/workflows", flow(work("a"), each, nap), headers=yaml), register)
    fits(lab.call("POST", "/workflow/workflows", flow(work("a"), each, nap), headers=yaml), register)
    fits(lab.call("POST", "/workflow/workflows", flow(), headers=yaml), register)
    fits(lab.call("POST", "/workflow/workflows", "x", headers=yaml), register)
    fits(lab.call("POST", "/workflow/validate", "x", headers=yaml), "POST /workflow/validate")
    fits(lab.call("GET", "/workflow/workflows"), "GET /workflow/workflows")
    fits(lab.call("GET", "/workflow/workflows/lab/Flow"), "GET /workflow/workflows/{nameSpace}/{name}")
    fits(lab.call("GET", "/workflow/workflows/lab/No"), "GET /workflow/workflows/{nameSpace}/{name}")
    started = lab.call("POST", "/workflow/start/lab.Flow", {})
    fits(started, "POST /workflow/start/{workflowId}")
    path = f"/workflow/instance/{started.json['instanceId']}"
    for look in ("", "/history"):
        fits(lab.call("GET", f"{path}{look}"), f"GET /workflow/instance/{{id}}{look}")
    fits(lab.call("POST", "/workflow/start/lab.Flow", {}, query={"wait": 1}), "POST /workflow/start/{workflowId}")
    lab.work()
    for look in ("", "/history"):
        fits(lab.call("GET", f"{path}{look}"), f"GET /workflow/instance/{{id}}{look}")
    for action in ("pause", "resume", "retry"):
        fits(lab.call("POST", f"{path}/{action}"), f"POST /workflow/instance/{{id}}/{action}")
    fits(lab.call("DELETE", "/workflow/workflows/lab/Flow"), "DELETE /workflow/workflows/{nameSpace}/{name}")
    fits(lab.call("DELETE", path), "DELETE /workflow/instance/{id}")
    lab.work()
    fits(lab.call("GET", path), "GET /workflow/instance/{id}")
    fits(lab.call("GET", "/workflow/instances"), "GET /workflow/instances")
    fits(lab.call("GET", "/workflow/status"), "GET /workflow/status")
    fits(lab.call("GET", "/health"), "GET /health")


def test_answers_about_errors_fit_the_description(desk: Desk) -> None:
    """REST: what the endpoints of errors, circuits and dead letters answer fits their schemas."""
    desk.note()
    desk.trip("a")
    desk.bury("m1", sent_at=1, attributes={"SenderId": "shop"})
    desk.bury("m2", "no json")
    instance_id = desk.fail()
    fits(desk.call("GET", "/workflow/errors"), "GET /workflow/errors")
    fits(desk.call("DELETE", "/workflow/errors/acme.Order"), "DELETE /workflow/errors/{workflowId}")
    fits(desk.call("GET", "/workflow/circuits"), "GET /workflow/circuits")
    for name in ("a", "nothing"):
        fits(desk.call("GET", f"/workflow/circuits/{name}"), "GET /workflow/circuits/{name}")
        fits(desk.call("POST", f"/workflow/circuits/{name}/reset"), "POST /workflow/circuits/{name}/reset")
    fits(desk.call("GET", "/workflow/dead-letters"), "GET /workflow/dead-letters")
    asked = {"ids": ["m1", "m2", "nothing", instance_id], "reason": "r"}
    fits(desk.call("POST", "/workflow/dead-letters/redrive", asked), "POST /workflow/dead-letters/redrive")
    for letter_id in ("m1", "m2", "nothing", instance_id):
        fits(desk.call("GET", f"/workflow/dead-letters/{letter_id}"), "GET /workflow/dead-letters/{id}")
    for key in ERRORS:
        method, path = key.split(" ")
        fits(desk.call(method, re.sub(r"\{\w+\}", "a", path), nonsense="1"), key)
    fits(desk.lab.call("GET", "/workflow/status"), "GET /workflow/status")


def test_a_result_fits_the_description(lab: Lab) -> None:
    """IM-2: a completed and a failed result fit the schema of a start that waits."""
    lab.register(flow(work("a", retryPolicy={"maxAttempts": 1})))
    for broken in (set[str](), {"a"}):
        lab.failing = broken
        answer = lab.call("POST", "/workflow/start/lab.Flow", {}, query={"wait": 5})
        assert answer.status == 200
        fits(answer, "POST /workflow/start/{workflowId}")
        instance = lab.call("GET", f"/workflow/instance/{answer.json['instanceId']}")
        fits(instance, "GET /workflow/instance/{id}")
        history = lab.call("GET", f"/workflow/instance/{answer.json['instanceId']}/history")
        fits(history, "GET /workflow/instance/{id}/history")


@pytest.mark.parametrize("key", sorted(ROUTES))
def test_wrong_parameters_fit_the_description(lab: Lab, key: str) -> None:
    """WR-16: a wrong query parameter is a 400 that the description has, on every route that takes or ignores some."""
    method, path = key.split(" ")
    path = re.sub(r"\{\w+\}", "a", path)
    answer = lab.call(method, path, query={"nonsense": "1"})
    assert answer.status == 400
    fits(answer, key)


def test_answers_about_waits_fit_the_description(lab: Lab) -> None:
    """REST: what the endpoints of events, tasks and activities answer fits their schemas."""
    wait = {"id": "paid", "type": "wait_event", "config": {"eventName": "paid"}}
    ask = {"id": "ask", "type": "user_activity", "config": {"activityType": "approval", "assignee": "ann"}}
    run = {"id": "run", "type": "activity", "config": {"activityName": "print"}}
    lab.register(flow(wait, ask, run))
    instance_id = lab.call("POST", "/workflow/start/lab.Flow", {}).json["instanceId"]
    instance = f"/workflow/instance/{instance_id}"
    lab.work()
    fits(lab.call("GET", instance), "GET /workflow/instance/{id}")
    fits(lab.call("POST", "/workflow/events/other/k", {}), "POST /workflow/events/{name}/{key}")
    fits(lab.call("POST", f"{instance}/signal/paid", {}), "POST /workflow/instance/{id}/signal/{name}")
    fits(lab.call("POST", "/workflow/instance/no/signal/paid"), "POST /workflow/instance/{id}/signal/{name}")
    lab.work()
    fits(lab.call("GET", instance), "GET /workflow/instance/{id}")
    tasks = lab.call("GET", "/workflow/tasks")
    fits(tasks, "GET /workflow/tasks")
    path = f"/workflow/tasks/{tasks.json['tasks'][0]['taskId']}/complete"
    fits(lab.call("POST", path, {"action": "no"}), "POST /workflow/tasks/{id}/complete")
    for _ in range(2):
        fits(lab.call("POST", path, {"action": "approve"}), "POST /workflow/tasks/{id}/complete")
    lab.work()
    fits(lab.call("GET", instance), "GET /workflow/instance/{id}")
    taken = lab.call("POST", "/workflow/activities/print/take", {"worker": "w"})
    fits(taken, "POST /workflow/activities/{name}/take")
    token = taken.json["activities"][0]["token"]
    for action, body in (("heartbeat", {}), ("fail", {"error": {"message": "jam"}}), ("complete", {})):
        answer = lab.call("POST", f"/workflow/activities/{token}/{action}", body)
        fits(answer, f"POST /workflow/activities/{{token}}/{action}")
    lab.work()
    fits(lab.call("GET", instance), "GET /workflow/instance/{id}")
    fits(lab.call("GET", f"{instance}/history"), "GET /workflow/instance/{id}/history")
