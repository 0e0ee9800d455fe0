"""ScheduleStore: create, change, delete, list, what ticks and runs do, and the totals."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from reactory.exceptions import InvalidCursorError
from reactory.ports.schedules import (
    MOST_RUNNING,
    REMEMBERED,
    Begin,
    Ending,
    Move,
    ScheduleQuery,
    ScheduleStore,
    StoredSchedule,
    Totals,
)

MINUTE = 60_000
DAY = 20_454
New = Callable[..., StoredSchedule]


@pytest.fixture
def schedule(now: int) -> New:
    """A schedule that is due since a minute, with whatever fields the test cares for."""

    def build(schedule_id: str = "one", **fields: Any) -> StoredSchedule:
        values: dict[str, Any] = {
            "name": "One",
            "workflow_id": "acme.Report",
            "name_space": "acme",
            "workflow_name": "Report",
            "document": '{"$id": "one"}',
            "fingerprint": "f1",
            "next_at": now - MINUTE,
            "due_at": now - MINUTE,
            "revision": 7,
            "created_at": now,
            "updated_at": now,
        }
        return StoredSchedule(id=schedule_id, **(values | fields))

    return build


def read(schedules: ScheduleStore, schedule_id: str = "one") -> StoredSchedule:
    found = schedules.get("default", schedule_id)
    assert found is not None
    return found


def begin(schedules: ScheduleStore, key: str = "1.0", now: int = 1_000_000, **fields: Any) -> int | None:
    values: dict[str, Any] = {"execution_id": f"e{key}", "limit": 1, "delay": 5, "day": DAY}
    return schedules.begin("default", "one", Begin(key=key, now=now, **(values | fields)))


def move(stored: StoredSchedule, **fields: Any) -> Move:
    values: dict[str, Any] = {
        "tenant": stored.tenant,
        "id": stored.id,
        "revision": stored.revision,
        "from_next": stored.next_at,
        "from_backlog": stored.backlog_after,
        "next_at": stored.next_at,
        "backlog_after": None,
        "backlog_until": None,
        "due_at": stored.due_at,
    }
    return Move(**(values | fields))


def test_a_schedule_reads_back_as_it_was(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-14: what was stored is there; what has no value is None."""
    whole = schedule(
        tenant="acme",
        version="1.0.0",
        source="module:acme.reports",
        file="daily.yaml",
        enabled=False,
        backlog_after=now - 9,
        backlog_until=now - 3,
    )
    plain = schedule("two", next_at=None, due_at=None)
    assert schedules.create(whole)
    assert schedules.create(plain)
    assert [schedules.get("acme", "one"), schedules.get("default", "two")] == [whole, plain]
    assert schedules.get("default", "one") is None


def test_an_id_is_taken_once(schedules: ScheduleStore, schedule: New) -> None:
    """SC-14: a second schedule of that id changes nothing; of another tenant it is another one; deleted, it is free."""
    assert schedules.create(schedule())
    assert not schedules.create(schedule(name="Other"))
    assert schedules.create(schedule(tenant="acme"))
    assert read(schedules).name == "One"
    assert schedules.delete("default", "one")
    assert not schedules.delete("default", "one")
    assert schedules.create(schedule(name="Other"))


def test_a_replacement_keeps_the_numbers(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-12, SC-14: a new document leaves counters and open runs; of two changes at once one is refused."""
    schedules.create(schedule())
    begin(schedules)
    new = schedule(document="{}", revision=8, next_at=None, due_at=None, created_at=now + 9, enabled=False)
    assert schedules.replace(new, 7)
    assert not schedules.replace(schedule(revision=8), 7)
    assert not schedules.replace(schedule("two"), 7)
    stored = read(schedules)
    assert (stored.document, stored.revision, stored.next_at, stored.enabled) == ("{}", 8, None, False)
    assert (stored.created_at, stored.run_count, [run.key for run in stored.running]) == (now, 1, ["1.0"])
    assert schedules.due(now, 10) == []


def test_a_stop_leaves_the_document(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-4: nothing is due any more, all else stays; refused when the schedule was changed meanwhile."""
    schedules.create(schedule(backlog_after=now - MINUTE, backlog_until=now))
    begin(schedules)
    before = read(schedules)
    assert not schedules.stop("default", "one", 6, now + 1)
    assert not schedules.stop("default", "two", 7, now + 1)
    assert read(schedules) == before
    assert schedules.stop("default", "one", 7, now + 1)
    nothing = dict.fromkeys(("next_at", "backlog_after", "backlog_until", "due_at"))
    assert read(schedules) == replace(before, enabled=False, revision=8, updated_at=now + 1, **nothing)


def test_a_schedule_moves_to_another_file(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-5: only where it is from changes; refused when the schedule was changed meanwhile."""
    schedules.create(schedule(source="module:a.B", file="x.yaml"))
    schedules.create(schedule("two"))
    schedules.create(schedule("three"))
    schedules.create(schedule(tenant="other", source="module:their.s"))
    begin(schedules)
    before = read(schedules)
    assert not schedules.assign("default", "one", 6, "module:a.C", "y.yaml")
    assert schedules.sources("default") == ["api", "module:a.B"]
    assert schedules.assign("default", "one", 7, "module:a.C", "y.yaml")
    assert read(schedules) == replace(before, source="module:a.C", file="y.yaml", revision=8)
    assert schedules.sources("default") == ["api", "module:a.C"]
    assert schedules.sources("nobody") == []


def test_what_is_due_comes_in_pages(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-6: the earliest first, over all tenants; later ones and those that are never due are left out."""
    for number in range(5):
        schedules.create(schedule(f"s{number}", due_at=now - MINUTE + number // 2, tenant=f"t{number % 2}"))
    schedules.create(schedule("later", due_at=now + MINUTE))
    schedules.create(schedule("never", due_at=None))
    found: list[str] = []
    after = None
    while page := schedules.due(now, 2, after):
        assert len(page) <= 2
        found += [one.id for one in page]
        after = (page[-1].due_at or 0, page[-1].tenant, page[-1].id)
    assert found == ["s0", "s1", "s2", "s3", "s4"]


def test_what_is_due_is_whole_but_for_its_runs(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-6: a tick reads the document, and not what only runs need."""
    schedules.create(schedule())
    begin(schedules)
    (due,) = schedules.due(now, 10)
    assert due == replace(read(schedules), running=())


def test_a_tick_moves_on_what_is_as_it_was_read(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-6, SC-13: of two ticks one moves a schedule on, so missed slots are counted once; a changed one stays."""
    schedules.create(schedule())
    schedules.create(schedule("two"))
    first = move(read(schedules), next_at=now + MINUTE, due_at=now, backlog_after=now - 9, backlog_until=now, missed=3)
    other = move(read(schedules, "two"), revision=6, next_at=None, due_at=None)
    schedules.advance([first, other])
    schedules.advance([first])
    schedules.advance([])
    stored = read(schedules)
    assert (stored.next_at, stored.due_at, stored.missed_count) == (now + MINUTE, now, 3)
    assert (stored.backlog_after, stored.backlog_until) == (now - 9, now)
    assert read(schedules, "two") == schedule("two")
    schedules.advance([move(stored, next_at=None, due_at=None, missed=1)])
    assert (read(schedules).next_at, read(schedules).due_at, read(schedules).backlog_after) == (None, None, None)
    assert read(schedules).missed_count == 4


def test_a_run_holds_a_place(schedules: ScheduleStore, schedule: New) -> None:
    """SC-7: at most so many at once; who asks again has its place and its number; a free place is taken again."""
    schedules.create(schedule())
    assert [begin(schedules, key, limit=2) for key in ("1.0", "2.0", "3.0", "1.0")] == [1, 2, None, 1]
    schedules.conclude("default", "one", "1.0", "done")
    assert [begin(schedules, key, limit=2) for key in ("3.0", "1.0")] == [3, None]
    assert [(run.key, run.execution_id, run.number) for run in read(schedules).running] == [
        ("2.0", "e2.0", 2),
        ("3.0", "e3.0", 3),
    ]
    assert schedules.begin("default", "no", Begin(key="1", execution_id="e", limit=1, now=0, delay=0, day=1)) is None


def test_a_run_counts_once(schedules: ScheduleStore, schedule: New) -> None:
    """SC-12: asked again, even when its place was given back meanwhile, a run is the same run."""
    schedules.create(schedule())
    begin(schedules)
    begin(schedules)
    schedules.conclude("default", "one", "1.0", "done")
    assert begin(schedules, now=2_000_000) == 1
    stored = read(schedules)
    assert (stored.run_count, stored.delay_total, stored.today_count, stored.last_run) == (1, 5, 1, 1_000_000)


def test_runs_without_limit(schedules: ScheduleStore, schedule: New) -> None:
    """SC-7: without a limit every run begins; the latest are told apart, all are counted."""
    schedules.create(schedule())
    for number in range(MOST_RUNNING + 5):
        assert begin(schedules, str(number), limit=None) == number + 1
    stored = read(schedules)
    assert (stored.run_count, len(stored.running)) == (MOST_RUNNING + 5, MOST_RUNNING)
    assert stored.running[-1].key == str(MOST_RUNNING + 4)


def test_a_run_may_count_among_its_kind(schedules: ScheduleStore, schedule: New) -> None:
    """SC-7, SC-13: only open runs of that kind count against the limit, and nobody's place is lost."""
    schedules.create(schedule())
    assert [begin(schedules, key, limit=None) for key in ("1.0", "2.0", "3.0")] == [1, 2, 3]
    backfill: dict[str, Any] = {"kind": "backfill", "among": "backfill", "limit": 2}
    assert [begin(schedules, key, **backfill) for key in ("4.0", "5.0", "6.0", "4.0")] == [4, 5, None, 4]
    kinds = [(run.key, run.kind) for run in read(schedules).running]
    assert kinds == [*((key, "slot") for key in ("1.0", "2.0", "3.0")), ("4.0", "backfill"), ("5.0", "backfill")]
    schedules.conclude("default", "one", "4.0", "done")
    assert [begin(schedules, key, **backfill) for key in ("6.0", "7.0")] == [6, None]
    assert begin(schedules, "8.0", limit=5) is None


def test_places_are_given_once_to_many_at_once(schedules: ScheduleStore, schedule: New) -> None:
    """SC-7: however many ask at the same moment, three places are three runs, with three numbers."""
    schedules.create(schedule())
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda number: begin(schedules, str(number), limit=3), range(24)))
    assert sorted(number for number in numbers if number is not None) == [1, 2, 3]
    assert read(schedules).run_count == 3


@pytest.mark.parametrize("ending", ["failed", "skipped", "missed", "done"])
def test_an_ending_counts_once(schedules: ScheduleStore, schedule: New, ending: Ending) -> None:
    """SC-8, SC-12: each ending is counted once per run, and gives its place back."""
    schedules.create(schedule())
    begin(schedules)
    for _ in range(2):
        schedules.conclude("default", "one", "1.0", ending)
    schedules.conclude("default", "one", "2.0", ending)
    schedules.conclude("default", "no", "1.0", ending)
    stored = read(schedules)
    counts = {"failed": stored.error_count, "skipped": stored.skipped_count, "missed": stored.missed_count}
    assert counts == {"failed": 0, "skipped": 0, "missed": 0} | ({} if ending == "done" else {ending: 2})
    assert stored.running == ()


def test_what_is_remembered_is_bounded(schedules: ScheduleStore, schedule: New) -> None:
    """SC-12: a schedule remembers so many runs and endings; the latest are still counted once."""
    schedules.create(schedule())
    for number in range(REMEMBERED + 5):
        begin(schedules, str(number))
        schedules.conclude("default", "one", str(number), "failed")
    last = str(REMEMBERED + 4)
    assert begin(schedules, last) == REMEMBERED + 5
    schedules.conclude("default", "one", last, "failed")
    stored = read(schedules)
    assert (stored.run_count, stored.error_count) == (REMEMBERED + 5, REMEMBERED + 5)


def test_a_new_day_counts_anew(schedules: ScheduleStore, schedule: New) -> None:
    """SC-12: executions of today are those of the UTC day."""
    schedules.create(schedule())
    for key, day in (("1", DAY), ("2", DAY), ("3", DAY + 1)):
        begin(schedules, key, limit=None, day=day)
    assert (read(schedules).today, read(schedules).today_count) == (DAY + 1, 1)
    assert [schedules.totals("default", day).today for day in (DAY, DAY + 1)] == [0, 1]


def test_totals_are_those_of_a_tenant(schedules: ScheduleStore, schedule: New, now: int) -> None:
    """SC-12: sums, the latest run and the earliest slot of all schedules of a tenant."""
    schedules.create(schedule(enabled=False, next_at=None, due_at=None))
    schedules.create(schedule("two", next_at=now + 5, due_at=now + 5))
    schedules.create(schedule("three", tenant="acme"))
    begin(schedules, now=now)
    schedules.conclude("default", "one", "1.0", "failed")
    schedules.conclude("default", "two", "2.0", "missed")
    schedules.conclude("default", "two", "3.0", "skipped")
    assert schedules.totals("default", DAY) == Totals(
        schedules=2,
        active=1,
        runs=1,
        errors=1,
        missed=1,
        skipped=1,
        today=1,
        delay_total=5,
        last_run=now,
        next_at=now + 5,
    )
    assert schedules.totals("nobody", DAY) == Totals()


def listed(schedules: ScheduleStore, **filters: Any) -> list[str]:
    return [one.id for one in schedules.list(ScheduleQuery(**filters)).schedules]


def test_schedules_are_listed_by_what_they_start(schedules: ScheduleStore, schedule: New) -> None:
    """SC-15: by workflow id, name space, name, version; by whether they are enabled, by where they come from."""
    schedules.create(schedule("a", version="1.0.0"))
    schedules.create(schedule("b", workflow_id="acme.Bill", workflow_name="Bill", enabled=False))
    schedules.create(schedule("c", workflow_id="beta.Bill", name_space="beta", workflow_name="Bill"))
    schedules.create(schedule("d", tenant="acme", source="module:x"))
    assert listed(schedules) == ["a", "b", "c"]
    assert listed(schedules, workflow_id="acme.Bill") == ["b"]
    assert listed(schedules, name_space="acme") == ["a", "b"]
    assert listed(schedules, workflow_name="Bill") == ["b", "c"]
    assert listed(schedules, name_space="acme", workflow_name="Bill") == ["b"]
    assert listed(schedules, version="1.0.0") == ["a"]
    assert listed(schedules, enabled=False) == ["b"]
    assert listed(schedules, enabled=True) == ["a", "c"]
    assert listed(schedules, tenant="acme", source="module:x") == ["d"]
    assert listed(schedules, workflow_id="acme.Bill", name_space="beta") == []


def test_a_list_comes_in_pages(schedules: ScheduleStore, schedule: New) -> None:
    """SC-15: each once, in order of their ids; the total is that of all pages."""
    for number in range(5):
        schedules.create(schedule(f"s{number}"))
    found: list[str] = []
    cursor = None
    while True:
        page = schedules.list(ScheduleQuery(limit=2, cursor=cursor))
        assert page.total == 5
        found += [one.id for one in page.schedules]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [f"s{number}" for number in range(5)]
    with pytest.raises(InvalidCursorError):
        schedules.list(ScheduleQuery(cursor="nonsense"))
