"""What went wrong, in GET /workflow/status."""

from __future__ import annotations

import pytest

from reactory.exceptions import StoreUnavailableError
from tests.unit.errors.desk import RULES, Desk

DAY = 24 * 3_600_000


def test_the_status_tells_what_went_wrong(desk: Desk) -> None:
    """WR-10: errors of the last day by category, circuits that are not closed, and how many dead letters there are."""
    desk.note(desk.now - 2 * DAY)
    desk.note(desk.now - DAY // 2)
    desk.note()
    desk.note(category="timeout")
    desk.trip("c")
    desk.lab.clock.advance(RULES.recovery_ms)
    desk.trip("a")
    desk.trip("b", failures=1)
    desk.ask("c")  # half open now
    desk.fail()
    desk.fail(errorPolicy="terminate")
    for letter_id in ("m1", "m2"):
        desk.bury(letter_id)
    assert desk.lab.call("GET", "/workflow/status").json["errors"] == {
        "lastDay": {"network": 2, "timeout": 1, "unknown": 2},  # two attempts have failed by themselves
        "openCircuits": ["a", "c"],
        "deadLetters": {"messages": 2, "instances": 1},
    }


def test_the_status_is_told_without_the_circuits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """WR-10: counters out of reach hide nothing else."""

    def away(*_: object) -> None:
        raise StoreUnavailableError("the table is away")

    monkeypatch.setattr(desk.breakers, "list", away)
    answer = desk.lab.call("GET", "/workflow/status")
    assert (answer.status, answer.json["errors"]["openCircuits"]) == (200, None)
