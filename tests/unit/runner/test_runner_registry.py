"""Registered definitions: what is accepted, found, and deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory.exceptions import (
    ConflictError,
    DefinitionConflictError,
    InvalidDefinitionError,
    InvalidRequestError,
    WorkflowNotFoundError,
)
from tests.unit.runner.lab import Lab, flow, work

YAML = """\
nameSpace: lab
name: Flow
version: 1.0.0
steps:
  - id: hello
    type: log
    config: {message: hello}
"""


def envelope(**change: Any) -> str:
    whole = {"nameSpace": "lab", "name": "Flow", "version": "1.0.0", "yaml": YAML} | change
    return json.dumps({name: value for name, value in whole.items() if value is not None})


@pytest.mark.parametrize(
    "text",
    [YAML, json.dumps(flow()), envelope(), envelope(yaml=None, component=flow())],
    ids=["yaml", "json", "envelope of yaml", "envelope of a component"],
)
def test_a_definition_comes_in_four_ways(lab: Lab, text: str) -> None:
    """WR-2: a document as YAML or JSON, or {nameSpace, name, version, component|yaml}."""
    registered = lab.runner.registry.register(text)
    assert (registered.workflow.id, registered.created) == ("lab.Flow@1.0.0", True)
    assert lab.runner.registry.get("lab.Flow").definition["steps"][0]["id"] == "hello"


@pytest.mark.parametrize("missing", ["nameSpace", "name", "version", "yaml"])
def test_an_incomplete_envelope_registers_nothing(lab: Lab, missing: str) -> None:
    """WR-2: any of nameSpace, name, version, component|yaml missing is an error; the registry is unchanged."""
    with pytest.raises(InvalidDefinitionError) as caught:
        lab.runner.registry.register(envelope(**{missing: None}))
    assert {problem.code for problem in caught.value.problems} == {"MISSING_FIELD"}
    assert lab.definitions.list("default") == []


@pytest.mark.parametrize(
    "change",
    [{"name": "Other"}, {"component": flow()}, {"extra": 1}, {"yaml": 5}, {"yaml": None, "component": "x"}],
    ids=str,
)
def test_a_wrong_envelope_registers_nothing(lab: Lab, change: dict[str, Any]) -> None:
    """WR-2: an envelope that contradicts its document, or holds two, or something else, is refused."""
    with pytest.raises(InvalidDefinitionError):
        lab.runner.registry.register(envelope(**change))
    assert lab.definitions.list("default") == []


def test_every_problem_is_told_with_its_place(lab: Lab) -> None:
    """YF-1: an invalid document is refused with code, path and line of each problem, and nothing is stored."""
    text = YAML.replace("type: log", "type: lug") + "  - id: hello\n    type: log\n    config: {message: again}\n"
    with pytest.raises(InvalidDefinitionError) as caught:
        lab.runner.registry.register(text)
    found = {(problem.code, problem.line) for problem in caught.value.problems}
    assert found >= {("UNKNOWN_STEP_TYPE", 6), ("DUPLICATE_STEP_ID", 8)}
    assert lab.definitions.list("default") == []


def test_validating_stores_nothing(lab: Lab) -> None:
    """YF-1: validate tells the problems of a document, of an unreadable one too, and stores nothing."""
    registry = lab.runner.registry
    assert registry.validate(YAML).valid
    broken = registry.validate(YAML.replace("type: log", "type: lug"))
    assert (broken.valid, broken.problems[0].code) == (False, "UNKNOWN_STEP_TYPE")
    assert not registry.validate("{").valid
    assert lab.definitions.list("default") == []


def test_an_unknown_handler_is_a_problem(lab: Lab) -> None:
    """WR-2: a step whose Python function nobody has registered is found when the document comes, not at night."""
    assert lab.runner.registry.validate(json.dumps(flow(work("a")))).valid
    problems = lab.runner.registry.validate(json.dumps(flow(work("a", config={"handler": "lab.wrok"})))).problems
    assert [problem.code for problem in problems] == ["UNKNOWN_HANDLER"]


def test_the_same_again_is_fine(lab: Lab) -> None:
    """WR-3: identical content under the same version is idempotent, in another notation too."""
    assert lab.runner.registry.register(YAML).created
    assert not lab.runner.registry.register(json.dumps(flow())).created
    assert len(lab.definitions.list("default")) == 1


def test_another_content_needs_another_version(lab: Lab) -> None:
    """WR-3: the same id and version with other content is refused, and the first stays."""
    first = lab.runner.registry.register(YAML).workflow
    with pytest.raises(DefinitionConflictError, match="higher version"):
        lab.runner.registry.register(YAML.replace("message: hello", "message: goodbye"))
    assert lab.runner.registry.get("lab.Flow").fingerprint == first.fingerprint
    assert lab.runner.registry.register(YAML.replace("1.0.0", "1.0.1")).created


def test_discovery(lab: Lab) -> None:
    """WR-4: by full id, by id and version, by id alone (the highest), and by name space."""
    for version in ("1.2.0", "1.10.0"):
        lab.register(flow(version=version))
    lab.register(flow(nameSpace="shop", tags=["vip", "new"], description="Sells things"))
    registry = lab.runner.registry
    assert registry.get("lab.Flow@1.2.0").version == "1.2.0"
    assert registry.get("lab.Flow", "1.2.0").version == "1.2.0"
    assert registry.get("lab.Flow").version == "1.10.0"
    assert registry.get("lab.Flow").versions == ["1.10.0", "1.2.0"]
    ids = ["lab.Flow@1.10.0", "lab.Flow@1.2.0", "shop.Flow@1.0.0"]
    assert [found.id for found in registry.search().workflows] == ids
    assert [found.id for found in registry.search(name_space="shop").workflows] == ids[2:]
    assert [found.id for found in registry.search(tags=["new", "vip"]).workflows] == ids[2:]
    assert registry.search(tags=["new", "old"]).workflows == []
    assert [found.id for found in registry.search(text="sells").workflows] == ids[2:]


def test_what_is_not_there_is_not_found(lab: Lab) -> None:
    """WR-4: an unknown workflow or version is an error that says what there is."""
    lab.register(flow())
    with pytest.raises(WorkflowNotFoundError):
        lab.runner.registry.get("lab.Other")
    with pytest.raises(WorkflowNotFoundError, match=r"1\.0\.0"):
        lab.runner.registry.get("lab.Flow", "2.0.0")
    with pytest.raises(InvalidRequestError):
        lab.runner.registry.get("Flow")


def test_a_definition_in_use_is_not_deleted(lab: Lab) -> None:
    """WH-18: a version that unfinished instances are pinned to stays; after their end it may go."""
    lab.register(flow())
    lab.register(flow(version="2.0.0"))
    lab.runner.start.start_workflow("lab.Flow@1.0.0")
    with pytest.raises(ConflictError, match="1 unfinished"):
        lab.runner.registry.delete("lab.Flow", "1.0.0")
    assert lab.runner.registry.delete("lab.Flow", "2.0.0").deleted == 1
    lab.work()
    assert lab.runner.registry.delete("lab.Flow").deleted == 1
    with pytest.raises(WorkflowNotFoundError):
        lab.runner.registry.delete("lab.Flow")
