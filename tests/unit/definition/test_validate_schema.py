"""The JSON Schema for editors says what the models say."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from reactory.definition.schema import export_schema
from reactory.definition.steptypes import RUNNABLE
from reactory.definition.validate import validate

SCHEMA = export_schema()


def document(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nameSpace": "acme", "name": "A", "version": "1.0.0", "steps": list(steps), **more}


def log(**config: Any) -> dict[str, Any]:
    return {"id": "a", "type": "log", "config": {"message": "x", **config}}


GOOD = [
    document({"id": "a", "type": "start"}),
    document(log(level="warn", data={"x": [1]}), metadata={"priority": "HIGH", "timeout": 1, "designer": {"any": 1}}),
    document(
        {"id": "a", "type": "while", "config": {"condition": "true", "steps": [{**log(), "id": "b"}]}, "dependsOn": []}
    ),
    document(
        {
            "id": "a",
            "type": "parallel",
            "config": {
                "join": {"strategy": "n_of", "count": 1},
                "branches": [{"name": "x", "steps": [{"id": "b", "type": "end"}]}],
            },
        }
    ),
    document(
        log(),
        inputs={"x": {"type": "integer", "validation": {"minimum": 1}}},
        outputs={"y": {"type": "string", "source": "1"}},
    ),
]
BAD = [
    document(),
    document({"id": "a", "type": "nope"}),
    document({"id": "1", "type": "start"}),
    document(log(level="loud")),
    document({"id": "a", "type": "log"}),
    document(
        {"id": "a", "type": "while", "config": {"condition": "true", "steps": [{**log(level="loud"), "id": "b"}]}}
    ),
    document({"id": "a", "type": "start", "compensateWith": [{"id": "b"}]}),
    document({"id": "a", "type": "start", "timeout": 0}),
    document(log(), version="1.0"),
    document(log(), metadata={"retryPolicy": {"maxAttempts": 11}}),
    document(log(), extra=1),
]


def test_the_schema_is_one() -> None:
    """YF-1: editors can read it, and it knows every step type that runs."""
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["$defs"]["Step"]["properties"]["type"]["enum"]) == RUNNABLE


@pytest.mark.parametrize("data", GOOD)
def test_good_documents_fit(data: dict[str, Any]) -> None:
    """YF-1: what the validator accepts the schema accepts."""
    assert validate(data) == []
    assert list(Draft202012Validator(SCHEMA).iter_errors(data)) == []


@pytest.mark.parametrize("data", BAD)
def test_bad_documents_do_not_fit(data: dict[str, Any]) -> None:
    """YF-1: mistakes of shape are found by both, at any depth."""
    assert validate(data)
    assert list(Draft202012Validator(SCHEMA).iter_errors(data))
