"""ErrorStatistics and Durations: what is counted, what the latest is, what is forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reactory.exceptions import InvalidCursorError
from reactory.ports.statistics import BUCKET_MS, Durations, ErrorBucket, ErrorStatistics, Occurrence

HOUR = 1_760_000_000_000 - 1_760_000_000_000 % BUCKET_MS
"""When an hour begins."""


def occurrence(at: int = HOUR, **fields: Any) -> Occurrence:
    values: dict[str, Any] = {
        "tenant": "default",
        "workflow_id": "acme.Order",
        "step_id": "charge",
        "category": "network",
        "severity": "medium",
        "type": "RemoteUnavailableError",
        "code": "remote_unavailable",
        "message": f"at {at}",
        "instance_id": "i1",
        "attempt": 1,
    }
    return Occurrence(at=at, **(values | fields))


def keys(errors: ErrorStatistics, workflow_id: str | None = None, tenant: str = "default", **page: Any) -> list[str]:
    found = errors.counts(tenant, workflow_id, page.get("limit", 100), page.get("after"))
    return [f"{one.workflow_id}/{one.step_id}/{one.category}" for one in found]


def test_a_count_tells_how_often_since_when_and_what_the_latest_was(errors: ErrorStatistics) -> None:
    """EH-13: count, first and last occurrence, and everything about the latest, as it was noted."""
    errors.note([occurrence(HOUR), occurrence(HOUR + 5, severity="high", message="$no\nanswer", instance_id="i2")])
    errors.note([])
    (count,) = errors.counts("default", None, 10)
    assert (count.count, count.first, count.last) == (2, HOUR, HOUR + 5)
    assert (count.severity, count.type, count.code) == ("high", "RemoteUnavailableError", "remote_unavailable")
    assert (count.message, count.instance_id) == ("$no\nanswer", "i2")


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_the_last_error_is_the_latest_also_when_it_is_told_of_early(
    errors: ErrorStatistics, order: tuple[int, ...]
) -> None:
    """EH-13: the time of the occurrence counts, not when somebody noted it; in one note and over many."""
    for minute in order:
        errors.note([occurrence(HOUR + minute)])
    errors.note([occurrence(HOUR + minute, category="timeout") for minute in order])
    for count in errors.counts("default", "acme.Order", 10):
        assert (count.count, count.first, count.last, count.message) == (3, HOUR + 1, HOUR + 3, f"at {HOUR + 3}")


def test_workflows_steps_and_categories_are_counted_apart(errors: ErrorStatistics) -> None:
    """EH-13, WH-24: by workflow, step and category, in that order; one tenant knows nothing of another."""
    errors.note(
        [
            occurrence(workflow_id="acme.Pay"),
            occurrence(category="timeout"),
            occurrence(step_id="book"),
            occurrence(),
            occurrence(workflow_id="acme.Orders"),
            occurrence(tenant="acme", workflow_id="acme.Other"),
        ]
    )
    own = ["acme.Order/book/network", "acme.Order/charge/network", "acme.Order/charge/timeout"]
    assert keys(errors) == [*own, "acme.Orders/charge/network", "acme.Pay/charge/network"]
    assert keys(errors, "acme.Order") == own
    assert keys(errors, "acme") == []
    assert keys(errors, tenant="acme") == ["acme.Other/charge/network"]


@pytest.mark.parametrize("workflow", [None, "acme.Order"])
def test_counts_come_in_pages(errors: ErrorStatistics, workflow: str | None) -> None:
    """EH-13: page by page each once, a step's name with a slash in it included."""
    errors.note([occurrence(step_id=f"lines[{number}]/charge") for number in range(5)])
    errors.note([occurrence(tenant="z")])
    seen: list[str] = []
    after = None
    for _ in range(3):
        page = keys(errors, workflow, limit=2, after=after)
        seen += page
        after = page[-1]
    assert seen == [f"acme.Order/lines[{number}]/charge/network" for number in range(5)]
    assert keys(errors, workflow, after=after) == []
    with pytest.raises(InvalidCursorError):
        keys(errors, after="nonsense")


def test_the_series_has_the_hours_in_which_there_was_something(errors: ErrorStatistics) -> None:
    """EH-13: per hour and category, of one workflow or of all; from the first time on, up to the last without it."""
    errors.note([occurrence(HOUR + BUCKET_MS - 1), occurrence(HOUR), occurrence(HOUR + 3 * BUCKET_MS)])
    errors.note([occurrence(HOUR, workflow_id="acme.Pay"), occurrence(HOUR, category="data")])
    errors.note([occurrence(HOUR, tenant="acme")])
    later = HOUR + 3 * BUCKET_MS
    assert errors.series("default", "acme.Order", HOUR, later + 1) == [
        ErrorBucket(HOUR, "data", 1),
        ErrorBucket(HOUR, "network", 2),
        ErrorBucket(later, "network", 1),
    ]
    assert errors.series("default", None, HOUR, later) == [
        ErrorBucket(HOUR, "data", 1),
        ErrorBucket(HOUR, "network", 3),
    ]
    assert errors.series("default", "acme.Order", HOUR + 1, later) == []
    assert errors.series("default", "acme.Order", later, later + 1) == [ErrorBucket(later, "network", 1)]
    assert errors.series("acme", None, 0, later) == [ErrorBucket(HOUR, "network", 1)]


def test_a_workflow_can_be_cleared(errors: ErrorStatistics) -> None:
    """EH-13: counts and series of one workflow go, and it is told how many occurrences those were; the others stay."""
    errors.note([occurrence(), occurrence(category="data"), occurrence(workflow_id="acme.Orders")])
    errors.note([occurrence(), occurrence(tenant="acme")])
    assert errors.clear("default", "acme.Order") == 3
    assert errors.clear("default", "acme.Order") == 0
    assert keys(errors) == ["acme.Orders/charge/network"]
    assert errors.series("default", "acme.Order", 0, HOUR + 1) == []
    assert errors.series("default", None, 0, HOUR + 1) == [ErrorBucket(HOUR, "network", 1)]
    assert keys(errors, tenant="acme") == ["acme.Order/charge/network"]


def test_nothing_is_lost_when_many_note_at_once(errors: ErrorStatistics) -> None:
    """EH-13: each occurrence counts once, however many processes note it, the very first one too."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda at: errors.note([occurrence(at), occurrence(at, step_id="book")]), range(HOUR, HOUR + 40)))
    counted = [(one.step_id, one.count, one.last) for one in errors.counts("default", None, 10)]
    assert counted == [("book", 40, HOUR + 39), ("charge", 40, HOUR + 39)]
    assert errors.series("default", None, HOUR, HOUR + 1) == [ErrorBucket(HOUR, "network", 80)]


def test_the_latest_durations_are_kept(durations: Durations) -> None:
    """EH-12: a hundred of a step, the latest last, however they were noted."""
    durations.note("default", "acme.Order", "charge", [])
    assert durations.recent("default", "acme.Order", "charge") == []
    durations.note("default", "acme.Order", "charge", list(range(70)))
    durations.note("default", "acme.Order", "charge", [70])
    assert durations.recent("default", "acme.Order", "charge") == list(range(71))
    durations.note("default", "acme.Order", "charge", list(range(71, 130)))
    assert durations.recent("default", "acme.Order", "charge") == list(range(30, 130))
    durations.note("default", "acme.Order", "charge", list(range(500)))
    assert durations.recent("default", "acme.Order", "charge") == list(range(400, 500))
    assert durations.recent("acme", "acme.Order", "charge") == durations.recent("default", "acme.Order", "book") == []
