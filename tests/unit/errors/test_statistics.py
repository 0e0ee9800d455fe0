"""Error statistics over HTTP."""

from __future__ import annotations

import pytest

from tests.unit.errors.desk import Desk

HOUR = 3_600_000


def test_errors_are_listed_with_their_latest(desk: Desk) -> None:
    """EH-13: per workflow, step and category how many there were, and all about the latest, also when told late."""
    desk.note(desk.now, message="second")
    desk.note(desk.now - 1000, message="first")
    desk.note(category="validation", step_id="check")
    answer = desk.call("GET", "/workflow/errors")
    assert answer.status == 200
    network, validation = answer.json["errors"]
    assert (validation["stepId"], validation["category"], validation["count"]) == ("check", "validation", 1)
    assert network == {
        "workflowId": "acme.Order",
        "stepId": "charge",
        "category": "network",
        "count": 2,
        "firstOccurrence": "2025-12-31T23:59:59.000Z",
        "lastOccurrence": "2026-01-01T00:00:00.000Z",
        "severity": "medium",
        "type": "RemoteUnavailableError",
        "code": "remote_unavailable",
        "message": "second",
        "instanceId": "i1",
    }


def test_a_message_tells_no_credentials(desk: Desk) -> None:
    """SM-13: what stands in an error's message by accident is masked for whoever reads it."""
    desk.note(message="cannot reach https://ann:s3cret@db.test/x")
    (error,) = desk.call("GET", "/workflow/errors").json["errors"]
    assert error["message"] == "cannot reach https://***@db.test/x"


def test_the_last_day_is_told_hour_by_hour(desk: Desk) -> None:
    """EH-13: totals by category, and a series of the hours with errors; of the last day unless asked otherwise."""
    desk.lab.clock.advance(HOUR // 2)
    for hours in (0, 0, 23, 25):
        desk.note(desk.now - hours * HOUR)
    desk.note(category="data")
    told = desk.call("GET", "/workflow/errors").json
    assert told["totals"] == {"data": 1, "network": 3}
    assert [(one["at"], one["category"], one["count"]) for one in told["series"]] == [
        ("2025-12-31T01:00:00.000Z", "network", 1),
        ("2026-01-01T00:00:00.000Z", "data", 1),
        ("2026-01-01T00:00:00.000Z", "network", 2),
    ]
    earlier = desk.call("GET", "/workflow/errors", since="2025-12-30T00:00:00Z", until="2025-12-31T00:00:00Z").json
    assert (earlier["totals"], earlier["since"]) == ({"network": 1}, "2025-12-30T00:00:00.000Z")
    assert [one["count"] for one in earlier["errors"]] == [1, 4]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"since": "2026-02-01T00:00:00Z"}, "since"),
        ({"since": "2020-01-01T00:00:00Z"}, "90 days"),
        ({"until": "soon"}, "until"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"workflow": "acme.Order"}, "workflow"),
    ],
)
def test_a_wrong_question_is_refused(desk: Desk, query: dict[str, str], named: str) -> None:
    """WR-16: the answer names what is wrong."""
    answer = desk.call("GET", "/workflow/errors", **query)
    assert answer.status == 400
    assert named in answer.json["message"]


def test_errors_come_in_pages(desk: Desk) -> None:
    """EH-13: nextCursor leads from page to page; the last has none."""
    for number in range(3):
        desk.note(step_id=f"s{number}")
    first = desk.call("GET", "/workflow/errors", limit=2).json
    last = desk.call("GET", "/workflow/errors", limit=2, cursor=first["nextCursor"]).json
    assert [one["stepId"] for one in (*first["errors"], *last["errors"])] == ["s0", "s1", "s2"]
    assert last["nextCursor"] is None


def test_a_workflow_is_cleared(desk: Desk) -> None:
    """EH-13: an operator forgets what is settled; another workflow's errors stay."""
    desk.note()
    desk.note(workflow_id="acme.Pay")
    for expected in (1, 0):
        cleared = desk.call("DELETE", "/workflow/errors/acme.Order")
        assert (cleared.status, cleared.json["cleared"]) == (200, expected)
    told = desk.call("GET", "/workflow/errors").json
    assert ([one["workflowId"] for one in told["errors"]], told["totals"]) == (["acme.Pay"], {"network": 1})
    assert desk.call("GET", "/workflow/errors", workflowId="acme.Order").json["errors"] == []
