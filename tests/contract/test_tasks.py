"""TaskStore: open, assign, close, get, list, and what external workers do: take and extend."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from reactory.exceptions import InvalidCursorError
from reactory.ports.tasks import TaskQuery, TaskStore, WorkItem

MINUTE = 60_000
NewItem = Callable[..., WorkItem]


@pytest.fixture
def item(now: int) -> NewItem:
    """An open activity ``bill``, each younger than the one before, with whatever fields the test cares for."""
    times = count(now)

    def build(item_id: str = "one", **fields: Any) -> WorkItem:
        values: dict[str, Any] = {
            "kind": "activity",
            "name": "bill",
            "instance_id": "i1",
            "workflow_id": "acme.Order",
            "path": "bill",
            "created_at": next(times),
        }
        return WorkItem(id=item_id, **(values | fields))

    return build


def read(tasks: TaskStore, item_id: str = "one") -> WorkItem:
    found = tasks.get(item_id)
    assert found is not None
    return found


def taken(tasks: TaskStore, worker: str = "w1", count: int = 10, lease: int = MINUTE, **of: str) -> list[str]:
    asked = {"tenant": "default", "name": "bill", **of}
    return [item.id for item in tasks.take(asked["tenant"], asked["name"], worker, lease, count)]


def listed(tasks: TaskStore, **filters: Any) -> list[str]:
    return [item.id for item in tasks.list(TaskQuery(**filters)).items]


def test_an_item_reads_back_as_it_was(tasks: TaskStore, item: NewItem, now: int) -> None:
    """WH-5: what was asked of somebody outside is there as it was asked; what nobody has asked is None."""
    whole = item(
        tenant="acme",
        kind="user",
        priority=4,
        assignee="ann",
        detail='{"$form": "$x"}',
        due_at=now + MINUTE,
        heartbeat_ms=1000,
    )
    plain = item("two")
    tasks.open([whole, plain])
    tasks.open([])
    assert [tasks.get("one"), tasks.get("two"), tasks.get("three")] == [whole, plain, None]


def test_opening_again_changes_nothing(tasks: TaskStore, item: NewItem) -> None:
    """WH-11: who tells it a second time neither resets an item nor opens it again; the new ones are opened."""
    tasks.open([item("one"), item("two")])
    tasks.take("default", "bill", "w1", MINUTE, 1)
    tasks.close(["two"])
    tasks.open([item("one"), item("two"), item("three")])
    assert [read(tasks).takes, read(tasks, "two").closed] == [1, True]
    assert listed(tasks) == ["one", "three"]


def test_a_closed_item_is_known_and_no_longer_open(tasks: TaskStore, item: NewItem) -> None:
    """WH-13: what nobody waits for is neither listed, taken, kept nor assigned; who is late finds it closed."""
    tasks.open([item("one"), item("two"), item("three")])
    assert taken(tasks, count=1) == ["one"]
    tasks.close(["one", "two", "unknown"])
    tasks.close(["one"])
    tasks.close([])
    tasks.assign("two", "ann")
    assert (read(tasks).closed, read(tasks, "two").closed, read(tasks, "two").assignee) == (True, True, None)
    assert listed(tasks) == ["three"]
    assert not tasks.extend("one", 1, MINUTE)
    assert taken(tasks) == ["three"]


def test_an_item_is_handed_to_somebody_else(tasks: TaskStore, item: NewItem) -> None:
    """WH-5: an open item has one assignee at a time, or none."""
    tasks.open([item(assignee="ann"), item("two", assignee="ann")])
    tasks.assign("one", "$bob")
    assert (read(tasks).assignee, listed(tasks, assignee="ann")) == ("$bob", ["two"])
    tasks.assign("one", None)
    tasks.assign("unknown", "ann")
    assert (read(tasks).assignee, listed(tasks, assignee="$bob")) == (None, [])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"kind": "user"}, ["b", "d"]),
        ({"kind": "activity", "name": "bill"}, ["a"]),
        ({"name": "approve"}, ["b", "d"]),
        ({"assignee": "ann"}, ["b", "c"]),
        ({"assignee": "ann", "kind": "user"}, ["b"]),
        ({"instance_id": "i2"}, ["c", "d"]),
        ({"workflow_id": "acme.Pay"}, ["d"]),
        ({"tenant": "acme"}, ["x"]),
        ({"tenant": "acme", "assignee": "ann"}, ["x"]),
        ({"tenant": "acme", "instance_id": "i2"}, []),
    ],
)
def test_open_items_are_listed_by_what_they_are(
    tasks: TaskStore, item: NewItem, filters: dict[str, Any], expected: list[str]
) -> None:
    """WH-5, WH-24: the open items of one tenant, the oldest first, by kind, name, assignee, instance and workflow."""
    tasks.open(
        [
            item("a"),
            item("b", kind="user", name="approve", assignee="ann"),
            item("c", name="ship", assignee="ann", instance_id="i2"),
            item("d", kind="user", name="approve", instance_id="i2", workflow_id="acme.Pay"),
            item("gone", assignee="ann"),
            item("x", tenant="acme", assignee="ann"),
        ]
    )
    tasks.close(["gone"])
    page = tasks.list(TaskQuery(**filters))
    assert ([one.id for one in page.items], page.total, page.next_cursor) == (expected, len(expected), None)


def test_a_list_comes_in_pages(tasks: TaskStore, item: NewItem, now: int) -> None:
    """WH-5: page by page each item once, also where several were made at one time; the total is that of all."""
    tasks.open([item(f"i{number}", created_at=now + number // 3) for number in range(7)])
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = tasks.list(TaskQuery(limit=2, cursor=cursor))
        assert page.total == 7
        seen += [one.id for one in page.items]
        cursor = page.next_cursor
    assert (seen, cursor) == ([f"i{number}" for number in range(7)], None)
    with pytest.raises(InvalidCursorError):
        tasks.list(TaskQuery(cursor="nonsense"))


def test_a_worker_takes_the_most_urgent_then_the_oldest(tasks: TaskStore, item: NewItem, now: int) -> None:
    """WH-5: items go out by priority, then by age, as many as were asked for; each as it is then."""
    tasks.open([item("a"), item("b", priority=4), item("c", priority=1), item("d", priority=4)])
    first = tasks.take("default", "bill", "$w", MINUTE, 3)
    assert [(one.id, one.takes, one.worker) for one in first] == [("b", 1, "$w"), ("d", 1, "$w"), ("a", 1, "$w")]
    until = first[0].lease_until
    assert until is not None
    assert abs(until - now - MINUTE) < MINUTE
    assert read(tasks, "b") == first[0]
    assert [taken(tasks), taken(tasks), taken(tasks, count=0)] == [["c"], [], []]


def test_only_activities_of_the_name_and_the_tenant_are_taken(tasks: TaskStore, item: NewItem) -> None:
    """WH-24: a worker gets the work of its tenant and its name, and never what is a person's to do."""
    tasks.open([item("x", tenant="acme"), item("y", name="ship"), item("z", kind="user"), item()])
    assert taken(tasks) == ["one"]
    assert taken(tasks, tenant="acme") == ["x"]


def test_each_item_goes_to_one_worker(tasks: TaskStore, item: NewItem) -> None:
    """WH-5: of workers that ask at the same time no two get the same item, and all items go out."""
    tasks.open([item(f"i{number}") for number in range(20)])
    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(lambda worker: taken(tasks, worker, count=5), ["w1", "w2", "w3", "w4"]))
    got = sorted(one for share in shares for one in share)
    assert got == sorted(f"i{number}" for number in range(20))


def test_an_item_whose_worker_fell_silent_is_taken_again(tasks: TaskStore, item: NewItem) -> None:
    """WH-3: when the lease is over the item goes to who asks next, and who had it cannot hold it any more."""
    tasks.open([item()])
    assert taken(tasks, "w1", lease=-1) == ["one"]
    assert taken(tasks, "w2") == ["one"]
    assert (read(tasks).takes, read(tasks).worker) == (2, "w2")
    assert not tasks.extend("one", 1, MINUTE)
    assert tasks.extend("one", 2, MINUTE)


def test_a_worker_that_is_late_may_go_on_while_nobody_else_has_it(tasks: TaskStore, item: NewItem) -> None:
    """WH-3: a lease is renewed by who took the item last, also after it was over; never before anybody has taken it."""
    tasks.open([item()])
    assert not tasks.extend("one", 0, MINUTE)
    assert not tasks.extend("unknown", 0, MINUTE)
    assert taken(tasks, "w1", lease=-1) == ["one"]
    assert tasks.extend("one", 1, MINUTE)
    assert taken(tasks, "w2") == []


def test_an_item_says_itself_how_long_its_worker_may_be_silent(tasks: TaskStore, item: NewItem, now: int) -> None:
    """WH-3: the heartbeat that the workflow asks for goes before what the worker wants, at take and at extend."""
    tasks.open([item(heartbeat_ms=100 * MINUTE)])
    assert taken(tasks, lease=1) == ["one"]
    for lease in (1, 1000 * MINUTE):
        until = read(tasks).lease_until
        assert until is not None
        assert abs(until - now - 100 * MINUTE) < MINUTE
        assert tasks.extend("one", 1, lease)
