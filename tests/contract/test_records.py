"""Records: get, put, put_new, delete, list."""

from __future__ import annotations

import pytest

from reactory.ports.records import Records

KIND = "variable:global"


@pytest.fixture
def filled(records: Records) -> Records:
    for key in ("b/2", "a", "b/10", "b", "c", "b/"):
        records.put("default", KIND, key, f'"{key}"')
    records.put("default", "todo", "b/3", '"a to-do"')
    records.put("acme", KIND, "b/4", '"of another tenant"')
    return records


def test_a_record_reads_back_as_it_was(records: Records) -> None:
    """WH-5: what one instance has written another reads; what nobody has written is None."""
    records.put("default", KIND, "$k.é", '{"$a": 1}')
    assert records.get("default", KIND, "$k.é") == '{"$a": 1}'
    assert records.get("default", KIND, "k") is None


def test_a_put_replaces(records: Records) -> None:
    """WH-5: the last value counts."""
    records.put("default", KIND, "k", "1")
    records.put("default", KIND, "k", "null")
    assert records.get("default", KIND, "k") == "null"


def test_put_new_leaves_what_is_there(records: Records) -> None:
    """WH-11: a second creation changes nothing and says so; after a deletion it is the first again."""
    assert records.put_new("default", KIND, "k", "1")
    assert not records.put_new("default", KIND, "k", "2")
    assert records.get("default", KIND, "k") == "1"
    assert records.delete("default", KIND, "k")
    assert records.put_new("default", KIND, "k", "3")
    assert records.get("default", KIND, "k") == "3"


def test_delete_tells_whether_there_was_something(filled: Records) -> None:
    """WH-22: what was not found is told."""
    assert filled.delete("default", KIND, "b")
    assert not filled.delete("default", KIND, "b")
    assert [key for key, _ in filled.list("default", KIND, "b", 10)] == ["b/", "b/10", "b/2"]


def test_tenants_and_kinds_are_kept_apart(filled: Records) -> None:
    """WH-24: the same key under another tenant or kind is another record, for every operation."""
    assert filled.get("acme", KIND, "a") is None
    assert filled.get("default", "todo", "a") is None
    assert not filled.delete("acme", KIND, "a")
    assert filled.put_new("acme", KIND, "a", "mine")
    assert filled.get("default", KIND, "a") == '"a"'
    assert filled.list("acme", KIND, "", 10) == [("a", "mine"), ("b/4", '"of another tenant"')]
    assert filled.list("default", "todo", "", 10) == [("b/3", '"a to-do"')]
    assert filled.list("ac", KIND, "", 10) == []


@pytest.mark.parametrize(
    ("prefix", "after", "limit", "expected"),
    [
        ("", None, 10, ["a", "b", "b/", "b/10", "b/2", "c"]),
        ("b/", None, 10, ["b/", "b/10", "b/2"]),
        ("b", None, 2, ["b", "b/"]),
        ("b", "b/", 10, ["b/10", "b/2"]),
        ("b", "a", 1, ["b"]),
        ("b", "b/5", 10, []),
        ("x", None, 10, []),
    ],
)
def test_a_list_is_a_prefix_in_pages(
    filled: Records, prefix: str, after: str | None, limit: int, expected: list[str]
) -> None:
    """WH-5: the records of a list, in the order of their keys, page by page."""
    page = filled.list("default", KIND, prefix, limit, after)
    assert page == [(key, f'"{key}"') for key in expected]
