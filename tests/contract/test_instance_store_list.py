"""InstanceStore: list and count_by_status."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from reactory.exceptions import InvalidCursorError
from reactory.ports.store import InboxEntry, Instance, InstanceQuery, InstanceStore

New = Callable[..., Instance]


def failed(at: int) -> dict[str, Any]:
    return {"reason": {"code": "dead_lettered", "message": "no", "stepId": "a"}, "completed_at": at}


@pytest.fixture
def filled(store: InstanceStore, new: New) -> InstanceStore:
    store.create(
        [
            new("a1", created_at=1000, status="RUNNING", tags=["eu", "vip"], correlation_id="order-1"),
            new("a2", created_at=2000, status="FAILED", tags=["us"], version="2.0.0", **failed(2500)),
            new("b1", created_at=2000, status="RUNNING", workflow_id="acme.Refund", parent="a1"),
            new("b2", created_at=3000, status="COMPLETED", tags=["eu"], correlation_id="order-22", parent="a1"),
            new("z9", created_at=1500, status="RUNNING", tenant="other", tags=["eu"], correlation_id="order-1"),
        ]
    )
    return store


def ids(store: InstanceStore, **query: Any) -> list[str]:
    page = store.list(InstanceQuery(**query))
    assert page.total >= len(page.instances)
    return [instance.id for instance in page.instances]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["b2", "b1", "a2", "a1"]),
        ({"sort": "createdAt"}, ["a1", "a2", "b1", "b2"]),
        ({"tenant": "other"}, ["z9"]),
        ({"tenant": "nobody"}, []),
        ({"status": ("RUNNING",)}, ["b1", "a1"]),
        ({"status": ("RUNNING", "FAILED")}, ["b1", "a2", "a1"]),
        ({"reason": ("dead_lettered", "other")}, ["a2"]),
        ({"reason": ("other",), "status": ("FAILED",)}, []),
        ({"reason": ("dead_lettered",), "status": ("FAILED",), "completed_after": 2499}, ["a2"]),
        ({"status": ("FAILED", "RUNNING"), "completed_after": 2500}, []),
        ({"workflow_id": "acme.Order"}, ["b2", "a2", "a1"]),
        ({"workflow_id": "acme.Order", "version": "2.0.0"}, ["a2"]),
        ({"tag": "eu"}, ["b2", "a1"]),
        ({"parent": "a1"}, ["b2", "b1"]),
        ({"created_after": 1000}, ["b2", "b1", "a2"]),
        ({"created_before": 2000}, ["a1"]),
        ({"created_after": 1000, "created_before": 3000, "status": ("RUNNING",)}, ["b1"]),
        ({"search": "a"}, ["a2", "a1"]),
        ({"search": "order-2"}, ["b2"]),
        ({"search": "order-"}, ["b2", "a1"]),
        ({"search": "vi"}, ["a1"]),
        ({"search": "EU"}, []),
        ({"search": ".*"}, []),
        ({"search": "e", "status": ("COMPLETED",)}, ["b2"]),
    ],
)
def test_every_filter_selects_and_sorts(filled: InstanceStore, query: dict[str, Any], expected: list[str]) -> None:
    """WR-9, WH-24: each filter narrows the list of one tenant, newest first unless asked otherwise."""
    assert ids(filled, **query) == expected
    assert filled.list(InstanceQuery(**query)).total == len(expected)


@pytest.mark.parametrize("sort", ["-createdAt", "createdAt"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_pages_join_without_gap_or_overlap(filled: InstanceStore, sort: Any, limit: int) -> None:
    """WR-9: following the cursor gives every instance once, ties in time included; the last page has no cursor."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = filled.list(InstanceQuery(sort=sort, limit=limit, cursor=cursor))
        assert page.total == 4
        seen += [instance.id for instance in page.instances]
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.instances) == limit
    assert seen == ids(filled, sort=sort)


def test_an_instance_created_meanwhile_does_not_disturb_the_pages(filled: InstanceStore, new: New) -> None:
    """WR-9: a cursor names a place in the order, not a number of instances to pass over."""
    first = filled.list(InstanceQuery(limit=2))
    filled.create([new("c1", created_at=9000)])
    second = filled.list(InstanceQuery(limit=2, cursor=first.next_cursor))
    assert [instance.id for instance in second.instances] == ["a2", "a1"]


def test_a_list_carries_no_payloads(store: InstanceStore, new: New) -> None:
    """WR-9: input, state, journal, inbox and history stay out of lists."""
    heavy = new(input='{"a":1}', state="{}", journal=["{}"], journal_count=1, history=["{}"], history_count=1)
    store.create([heavy])
    store.send("one", InboxEntry("e1", "x"))
    (listed,) = store.list(InstanceQuery()).instances
    assert (listed.input, listed.state, listed.journal, listed.inbox, listed.history) == ("{}", None, [], [], [])
    assert (listed.workflow_id, listed.history_count) == ("acme.Order", 1)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "ünï",
        "====",
        base64.urlsafe_b64encode(b'["createdAt",1]').decode(),
        base64.urlsafe_b64encode(b'["createdAt","x","y"]').decode(),
        base64.urlsafe_b64encode(b'["createdAt",1,"a1"]').decode(),
    ],
)
def test_a_broken_cursor_is_refused(filled: InstanceStore, cursor: str) -> None:
    """WR-9: a cursor that was not issued, or for another order, is the caller's error."""
    with pytest.raises(InvalidCursorError, match="without a cursor"):
        filled.list(InstanceQuery(cursor=cursor))


def test_count_by_status_counts_one_tenant(filled: InstanceStore) -> None:
    """WR-10, WH-24: instances of the tenant per status."""
    assert filled.count_by_status("default") == {"RUNNING": 2, "FAILED": 1, "COMPLETED": 1}
    assert filled.count_by_status("nobody") == {}
