"""DefinitionStore: put, get, versions, list, delete."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.ports.store import DefinitionStore, StoredDefinition


def definition(name: str = "Order", version: str = "1.0.0", **fields: Any) -> StoredDefinition:
    values: dict[str, Any] = {
        "workflow_id": f"acme.{name}",
        "version": version,
        "fingerprint": f"{name}-{version}",
        "document": '{"$steps": []}',
        "source": "steps: []",
        "name_space": "acme",
        "name": name,
        "created_at": 1_700_000_000_000,
    }
    return StoredDefinition(**(values | fields))


@pytest.fixture
def filled(definitions: DefinitionStore) -> DefinitionStore:
    for one in (
        definition("Refund", tags=["money"]),
        definition(version="1.10.0", description="Fulfils an Order (fast)"),
        definition(version="1.2.0", tags=["money", "eu"]),
        definition("Pay", workflow_id="bank.Pay", name_space="bank"),
        definition(tenant="other"),
    ):
        definitions.put(one)
    return definitions


def keys(found: list[StoredDefinition]) -> list[tuple[str, str]]:
    return [(one.workflow_id, one.version) for one in found]


def test_a_definition_reads_back_as_it_was(definitions: DefinitionStore) -> None:
    """WH-18: an instance always finds its own version, as it was registered."""
    whole = definition(tenant="acme", description="d", tags=["a"])
    assert definitions.put(whole) == whole
    assert definitions.get("acme", "acme.Order", "1.0.0") == whole


def test_the_first_of_a_version_stays(definitions: DefinitionStore) -> None:
    """WR-3: a version is never overwritten; whoever comes second is shown what is there."""
    first = definition()
    definitions.put(first)
    assert definitions.put(definition(fingerprint="changed")) == first
    assert definitions.get("default", "acme.Order", "1.0.0") == first


def test_an_unknown_definition_is_none(filled: DefinitionStore) -> None:
    """WR-5: tenant, id and version must all fit."""
    assert filled.get("default", "acme.Order", "9.9.9") is None
    assert filled.get("other", "acme.Refund", "1.0.0") is None


def test_versions_are_those_of_one_workflow(filled: DefinitionStore) -> None:
    """WR-4: all registered versions of a workflow of this tenant."""
    assert sorted(filled.versions("default", "acme.Order")) == ["1.10.0", "1.2.0"]
    assert filled.versions("other", "acme.Order") == ["1.0.0"]
    assert filled.versions("default", "acme.Nothing") == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["acme.Order", "acme.Order", "acme.Refund", "bank.Pay"]),
        ({"name_space": "bank"}, ["bank.Pay"]),
        ({"tag": "money"}, ["acme.Order", "acme.Refund"]),
        ({"search": "ORDER"}, ["acme.Order", "acme.Order"]),
        ({"search": "(fast)"}, ["acme.Order"]),
        ({"search": ".*"}, []),
        ({"search": "mon", "name_space": "acme"}, ["acme.Order", "acme.Refund"]),
    ],
)
def test_list_filters(filled: DefinitionStore, filters: dict[str, str], expected: list[str]) -> None:
    """WR-4: by name space, by tag, by a part of the id, description or a tag, in any case."""
    found = filled.list("default", **filters)
    assert [one.workflow_id for one in found] == expected
    assert {one.source for one in found} <= {""}


def test_delete_removes_one_version_or_all(filled: DefinitionStore) -> None:
    """WR-9: deleting tells how many versions went, and leaves other workflows and tenants alone."""
    assert filled.delete("default", "acme.Order", "1.2.0") == 1
    assert filled.delete("default", "acme.Order", "1.2.0") == 0
    assert filled.delete("default", "acme.Order", None) == 1
    assert keys(filled.list("default")) == [("acme.Refund", "1.0.0"), ("bank.Pay", "1.0.0")]
    assert keys(filled.list("other")) == [("acme.Order", "1.0.0")]
