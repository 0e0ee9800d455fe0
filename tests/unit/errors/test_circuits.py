"""Circuits over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from reactory.exceptions import UnavailableError
from reactory.ports.bus import BusEvent
from tests.unit.errors.desk import Desk

KEY = "host:api.acme.com"


def test_circuits_are_listed_and_looked_at(desk: Desk) -> None:
    """CB-7: which there are, how each stands, and from when on it lets calls pass."""
    desk.trip(KEY)
    desk.trip("host:b.test", failures=1)
    desk.trip("host:c.test", tenant="acme")
    first = desk.call("GET", "/workflow/circuits", limit=1).json
    last = desk.call("GET", "/workflow/circuits", limit=1, cursor=first["nextCursor"]).json
    assert [one["name"] for one in (*first["circuits"], *last["circuits"])] == [KEY, "host:b.test"]
    assert last["nextCursor"] is None
    assert desk.call("GET", f"/workflow/circuits/{KEY}").json == first["circuits"][0]
    assert first["circuits"][0] == {
        "name": KEY,
        "state": "open",
        "failures": 5,
        "windowAt": None,
        "openedAt": "2026-01-01T00:00:00.000Z",
        "retryAt": "2026-01-01T00:01:00.000Z",
        "inFlight": 0,
        "successes": 0,
        "changedAt": "2026-01-01T00:00:00.000Z",
    }


def test_a_reset_closes_the_circuit_and_tells_the_bus(desk: Desk) -> None:
    """CB-7: with who did it and why; a second reset changes nothing and tells nothing."""
    desk.trip(KEY)
    answer = desk.call("POST", f"/workflow/circuits/{KEY}/reset", {"reason": "the shop is back"})
    assert (answer.status, answer.json["previousState"], answer.json["changed"]) == (200, "open", True)
    again = desk.call("POST", f"/workflow/circuits/{KEY}/reset")
    assert (again.json["state"], again.json["previousState"], again.json["changed"]) == ("closed", "closed", False)
    (event,) = desk.lab.bus.published()
    assert (event.source, event.detail_type) == ("reactory.workflow", "Circuit Breaker State Change")
    assert event.detail == {
        "circuit": KEY,
        "tenant": "default",
        "state": "closed",
        "previousState": "open",
        "reason": "the shop is back",
        "by": "anonymous",
        "timestamp": "2026-01-01T00:00:00.000Z",
    }


def test_an_unknown_circuit_is_not_found(desk: Desk) -> None:
    """CB-7: 404, which says how to see those that are known."""
    for answer in (
        desk.call("GET", "/workflow/circuits/nothing"),
        desk.call("POST", "/workflow/circuits/nothing/reset"),
    ):
        assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert "reactory circuit list" in answer.json["message"]
    assert desk.call("POST", f"/workflow/circuits/{KEY}/reset", {"reason": "x" * 1001}).status == 400


class BrokenBus:
    def publish(self, events: Sequence[BusEvent]) -> None:
        raise UnavailableError("the bus is away")


def test_a_bus_that_is_away_keeps_no_circuit_open(desk: Desk) -> None:
    """CB-7: the reset has happened, so it is answered as done."""
    desk.trip(KEY)
    desk.lab.bus.publish = BrokenBus().publish  # type: ignore[method-assign]  # the bus fails from now on
    assert desk.call("POST", f"/workflow/circuits/{KEY}/reset").status == 200
    assert desk.call("GET", f"/workflow/circuits/{KEY}").json["state"] == "closed"
