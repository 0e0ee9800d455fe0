"""POST /workflow/start/{workflowId} through the handler, with events as API Gateway sends them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from reactory.settings import Settings
from tests.unit.runner.lab import Lab, flow, work

INPUTS = {"amount": {"type": "integer", "required": True}}
START_JSON = {"Content-Type": "application/vnd.reactory.start+json"}


def test_a_start_answers_201(lab: Lab) -> None:
    """IM-1: 201 with {instanceId, workflowId, version, status: started, timestamp}, and where the instance is."""
    lab.register(flow(inputs=INPUTS))
    answer = lab.call("POST", "/workflow/start/lab.Flow", {"amount": 5}, headers={"content-type": "application/json"})
    assert answer.status == 201
    instance_id = answer.json["instanceId"]
    assert answer.json == {
        "instanceId": instance_id,
        "workflowId": "lab.Flow",
        "version": "1.0.0",
        "status": "started",
        "timestamp": "2026-01-01T00:00:00.000Z",
    }
    assert answer.headers["Location"] == f"/workflow/instance/{instance_id}"
    assert lab.call("GET", f"/workflow/instance/{instance_id}").json["status"] == "PENDING"


@pytest.mark.parametrize(("path", "query"), [("lab.Flow@1.0.0", {}), ("lab.Flow", {"version": "1.0.0"})])
def test_a_version_may_be_named(lab: Lab, path: str, query: dict[str, str]) -> None:
    """WR-4, IM-1: the version stands in the id or in the query."""
    lab.register(flow())
    lab.register(flow(version="2.0.0"))
    assert lab.call("POST", f"/workflow/start/{path}", query=query).json["version"] == "1.0.0"


def test_wait_answers_the_result(lab: Lab) -> None:
    """IM-2: 200 with the outputs when the instance completes in time."""
    lab.register(flow(work("a"), outputs={"done": {"type": "string", "source": "steps.a.outputs.done"}}))
    answer = lab.call("POST", "/workflow/start/lab.Flow", query={"wait": "5"})
    assert (answer.status, answer.json["status"]) == (200, "COMPLETED")
    assert answer.json["result"] == {"done": "a"}
    assert answer.json["reason"] is None


def test_wait_answers_a_failure(lab: Lab) -> None:
    """IM-2: 200 with the reason when the instance fails in time: the request itself was fine."""
    lab.failing.add("a")
    lab.register(flow(work("a", retryPolicy={"maxAttempts": 1})))
    answer = lab.call("POST", "/workflow/start/lab.Flow", query={"wait": "5"})
    assert (answer.status, answer.json["status"]) == (200, "FAILED")
    assert "a is broken" in answer.json["reason"]["message"]


def test_wait_answers_202_when_time_is_up(lab: Lab) -> None:
    """IM-2: an instance that takes longer answers 202 with its id."""
    lab.register(flow({"id": "nap", "type": "delay", "config": {"duration": 60_000}}))
    answer = lab.call("POST", "/workflow/start/lab.Flow", query={"wait": "1.5"})
    assert (answer.status, answer.json["status"]) == (202, "RUNNING")
    assert lab.call("GET", answer.headers["Location"]).status == 200


def test_options_under_their_own_content_type(lab: Lab) -> None:
    """IM-1: {input, tags, priority, timeout} under the start content type; the same body as JSON is all input."""
    lab.register(flow())
    body = {"input": {"a": 1}, "tags": ["vip"], "priority": "high", "timeout": 5000}
    answer = lab.call("POST", "/workflow/start/lab.Flow", body, headers=START_JSON)
    found = lab.call("GET", f"/workflow/instance/{answer.json['instanceId']}").json
    assert (found["input"], found["tags"], found["priority"]) == ({"a": 1}, ["vip"], 3)
    plain = lab.call("POST", "/workflow/start/lab.Flow", body)
    assert lab.call("GET", f"/workflow/instance/{plain.json['instanceId']}").json["input"] == body


@pytest.mark.parametrize(
    "body",
    [{"inptu": {}}, {"priority": 9}, {"priority": "urgent"}, {"timeout": -1}, {"tags": "x"}, {"dependencies": [1]}, []],
    ids=str,
)
def test_wrong_options_are_refused(lab: Lab, body: Any) -> None:
    """IM-1: options that are not understood are 400, not ignored."""
    lab.register(flow())
    answer = lab.call("POST", "/workflow/start/lab.Flow", body, headers=START_JSON)
    assert (answer.status, answer.json["code"]) == (400, "invalid_request")
    assert lab.instances.count_by_status("default") == {}


def test_a_key_makes_it_idempotent(lab: Lab) -> None:
    """WR-13: the same Idempotency-Key answers the same instance; with another body it is 409."""
    lab.register(flow())
    key = {"Idempotency-Key": "order-1"}
    first = lab.call("POST", "/workflow/start/lab.Flow", {"a": 1}, headers=key)
    again = lab.call("POST", "/workflow/start/lab.Flow", {"a": 1}, headers=key)
    assert (again.status, again.json) == (201, first.json)
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    other = lab.call("POST", "/workflow/start/lab.Flow", {"a": 2}, headers=key)
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")


def test_wrong_input_names_every_problem(lab: Lab) -> None:
    """YF-2, IM-1: 400 with all problems of the input, each with code, path and message."""
    lab.register(flow(inputs=INPUTS | {"name": {"type": "string", "required": True}}))
    answer = lab.call("POST", "/workflow/start/lab.Flow", {"amount": "many"})
    assert (answer.status, answer.json["code"]) == (400, "invalid_input")
    assert [(problem["code"], problem["path"]) for problem in answer.json["problems"]] == [
        ("INVALID_INPUT_TYPE", "input.amount"),
        ("MISSING_INPUT", "input.name"),
    ]
    assert lab.instances.count_by_status("default") == {}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("lab.Nope", 404, "workflow_not_found"),
        ("lab.Flow@7.0.0", 404, "workflow_not_found"),
        ("Flow", 400, "invalid_request"),
        ("lab.Flow@x", 400, "invalid_request"),
    ],
)
def test_an_unknown_workflow_is_404(lab: Lab, path: str, status: int, code: str) -> None:
    """WR-5, IM-1: an unknown workflow is 404, what is no workflow's name is 400; no instance is created."""
    lab.register(flow())
    answer = lab.call("POST", f"/workflow/start/{path}", {})
    assert (answer.status, answer.json["code"]) == (status, code)
    assert lab.instances.count_by_status("default") == {}


@pytest.mark.parametrize("body", ["{", "[1,2]", '"text"', "{'a': 1}", '{"a": NaN}', "[" * 5000, '"\\ud800"'])
def test_a_body_that_is_no_object_is_400(lab: Lab, body: str) -> None:
    """IM-1: broken JSON, and JSON that is no object, is 400."""
    lab.register(flow())
    assert lab.call("POST", "/workflow/start/lab.Flow", body).status == 400


def test_a_base64_body_is_decoded(lab: Lab) -> None:
    """IM-1: API Gateway encodes bodies that it takes for binary; what is in them counts."""
    lab.register(flow(inputs=INPUTS))
    coded = base64.b64encode(b'{"amount": 5}').decode()
    assert lab.call("POST", "/workflow/start/lab.Flow", coded, event={"isBase64Encoded": True}).status == 201
    assert lab.call("POST", "/workflow/start/lab.Flow", "?", event={"isBase64Encoded": True}).status == 400
    latin = base64.b64encode('{"amount": "é"}'.encode("latin-1")).decode()
    assert lab.call("POST", "/workflow/start/lab.Flow", latin, event={"isBase64Encoded": True}).status == 400


def test_another_content_type_is_415(lab: Lab) -> None:
    """IM-1: a body in a form that is not understood is 415, and says which are."""
    lab.register(flow())
    answer = lab.call("POST", "/workflow/start/lab.Flow", "a=1", headers={"content-type": "text/csv"})
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")
    assert "application/json" in answer.json["message"]


@pytest.mark.parametrize("encoded", [False, True])
def test_too_large_a_body_is_413(encoded: bool) -> None:
    """WR-15: a body over the request limit is 413, encoded or not, and also when only its length says so."""
    lab = Lab(Settings(aws="memory", request_limit=1024))
    lab.register(flow())
    body = json.dumps({"text": "x" * 1100})
    if encoded:
        body = base64.b64encode(body.encode()).decode()
    answer = lab.call("POST", "/workflow/start/lab.Flow", body, event={"isBase64Encoded": encoded})
    assert (answer.status, answer.json["code"]) == (413, "payload_too_large")
    declared = lab.call("POST", "/workflow/start/lab.Flow", {}, headers={"content-length": "2000"})
    assert declared.status == 413


def test_the_caller_is_recorded(lab: Lab) -> None:
    """IM-8: the caller is who the authorizer names, else anonymous; the trigger is the request."""
    lab.register(flow())

    def trigger(authorizer: dict[str, Any] | None) -> dict[str, Any]:
        context = {"requestId": "r-9", "stage": "$default", "http": {"method": "POST", "path": "/"}}
        event = {"requestContext": context | ({"authorizer": authorizer} if authorizer else {})}
        answer = lab.call("POST", "/workflow/start/lab.Flow", {}, event=event)
        found: dict[str, Any] = lab.call("GET", f"/workflow/instance/{answer.json['instanceId']}").json["trigger"]
        return found

    assert trigger(None) == {"mode": "api", "id": "r-9", "caller": "anonymous"}
    assert trigger({"lambda": {"sub": "ada"}})["caller"] == "ada"
    assert trigger({"jwt": {"claims": {"sub": "bob"}}})["caller"] == "bob"
    signer = "arn:aws:iam::123456789012:user/carol"
    assert trigger({"iam": {"userArn": signer}})["caller"] == signer


@pytest.mark.parametrize(
    "query", [{"wait": "26"}, {"wait": "-1"}, {"wait": "nan"}, {"wait": "soon"}, {"wiat": "1"}], ids=str
)
def test_wrong_query_parameters_are_named(lab: Lab, query: dict[str, str]) -> None:
    """IM-2: a wrong or unknown parameter is 400 and named, and nothing is started."""
    lab.register(flow())
    answer = lab.call("POST", "/workflow/start/lab.Flow", {}, query=query)
    assert answer.status == 400
    assert answer.json["message"].startswith(f"{next(iter(query))}:")
    assert lab.instances.count_by_status("default") == {}
