"""Definitions through the handler: register, validate, list, look at, delete."""

from __future__ import annotations

import json

import pytest

from tests.unit.runner.lab import Lab, flow

YAML = {"content-type": "application/yaml; charset=utf-8"}
TEXT = "nameSpace: lab\nname: Flow\nversion: 1.0.0\nsteps:\n  - {id: a, type: log, config: {message: hello}}\n"


def test_register_then_the_same_then_another(lab: Lab) -> None:
    """WR-2, WR-3: 201 for a new version, 200 for the same again, 409 for other content under it."""
    first = lab.call("POST", "/workflow/workflows", TEXT, headers=YAML)
    assert (first.status, first.json["workflow"]["id"], first.json["created"]) == (201, "lab.Flow@1.0.0", True)
    again = lab.call("POST", "/workflow/workflows", TEXT, headers=YAML)
    assert (again.status, again.json["created"]) == (200, False)
    other = lab.call("POST", "/workflow/workflows", TEXT.replace("hello", "goodbye"), headers=YAML)
    assert (other.status, other.json["code"]) == (409, "definition_conflict")


def test_register_an_envelope(lab: Lab) -> None:
    """WR-2: {nameSpace, name, version, yaml} as JSON; without one of them 422, and nothing is registered."""
    envelope = {"nameSpace": "lab", "name": "Flow", "version": "1.0.0", "yaml": TEXT}
    incomplete = lab.call("POST", "/workflow/workflows", {k: v for k, v in envelope.items() if k != "version"})
    assert (incomplete.status, incomplete.json["problems"][0]["path"]) == (422, "version")
    assert lab.call("GET", "/workflow/workflows").json == {"workflows": []}
    assert lab.call("POST", "/workflow/workflows", envelope).status == 201


def test_an_invalid_document_is_422_with_every_problem(lab: Lab) -> None:
    """YF-1, WR-16: code, path and line of each problem."""
    text = TEXT.replace("type: log", "type: lug") + "  - {id: a, type: log, config: {message: x}}\n"
    answer = lab.call("POST", "/workflow/workflows", text, headers=YAML)
    assert (answer.status, answer.json["code"]) == (422, "invalid_definition")
    assert {(problem["code"], problem["line"]) for problem in answer.json["problems"]} >= {
        ("UNKNOWN_STEP_TYPE", 5),
        ("DUPLICATE_STEP_ID", 6),
    }


def test_validate_answers_the_problems(lab: Lab) -> None:
    """YF-1: 200 with valid and problems; nothing is stored."""
    good = lab.call("POST", "/workflow/validate", TEXT, headers=YAML)
    assert (good.status, good.json) == (200, {"valid": True, "problems": []})
    bad = lab.call("POST", "/workflow/validate", json.dumps(flow({"id": "a", "type": "lug"})))
    assert (bad.status, bad.json["valid"], bad.json["problems"][0]["code"]) == (200, False, "UNKNOWN_STEP_TYPE")
    assert lab.call("GET", "/workflow/workflows").json == {"workflows": []}


@pytest.mark.parametrize("path", ["/workflow/workflows", "/workflow/validate"])
def test_what_is_no_document(lab: Lab, path: str) -> None:
    """WR-2: no body is 400, a form that is not understood 415."""
    assert lab.call("POST", path, "").status == 400
    assert lab.call("POST", path, "a", headers={"content-type": "image/png"}).status == 415


def test_definitions_are_found(lab: Lab) -> None:
    """WR-4: the list by name space, tags and search; one by name space and name, of a version or the highest."""
    lab.call("POST", "/workflow/workflows", TEXT, headers=YAML)
    lab.call("POST", "/workflow/workflows", TEXT.replace("1.0.0", "1.10.0"), headers=YAML)
    lab.register(flow(nameSpace="shop.eu", tags=["vip"]))
    ids = ["lab.Flow@1.10.0", "lab.Flow@1.0.0", "shop.eu.Flow@1.0.0"]

    def listed(**query: str) -> list[str]:
        return [one["id"] for one in lab.call("GET", "/workflow/workflows", query=query).json["workflows"]]

    assert listed() == ids
    assert listed(nameSpace="lab") == ids[:2]
    assert listed(tags="vip") == listed(search="shop") == ids[2:]
    found = lab.call("GET", "/workflow/workflows/lab/Flow").json
    assert (found["version"], found["versions"]) == ("1.10.0", ["1.10.0", "1.0.0"])
    assert found["definition"]["steps"][0]["id"] == "a"
    exact = lab.call("GET", "/workflow/workflows/lab/Flow", query={"version": "1.0.0"}).json
    assert (exact["version"], exact["source"]) == ("1.0.0", TEXT)
    assert lab.call("GET", "/workflow/workflows/shop.eu/Flow").status == 200
    assert lab.call("GET", "/workflow/workflows/lab/Nope").status == 404
    assert lab.call("GET", "/workflow/workflows/lab/Flow", query={"version": "3.0.0"}).status == 404


def test_a_definition_is_deleted_when_nobody_needs_it(lab: Lab) -> None:
    """WH-18: 409 while unfinished instances need it, then 200, then 404."""
    lab.call("POST", "/workflow/workflows", TEXT, headers=YAML)
    lab.call("POST", "/workflow/start/lab.Flow", {})
    path = "/workflow/workflows/lab/Flow"
    assert lab.call("DELETE", path).status == 409
    lab.work()
    assert lab.call("DELETE", path, query={"version": "9.0.0"}).status == 404
    assert lab.call("DELETE", path).json == {"workflowId": "lab.Flow", "deleted": 1}
    assert lab.call("DELETE", path).status == 404
