"""Events and signals through the handler, with events as API Gateway sends them."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.host.sweeper import sweep
from tests.unit.runner.lab import Lab, flow

PAID = {"id": "paid", "type": "wait_event", "config": {"eventName": "paid", "eventKey": "input.order"}}
OUTPUTS = {"amount": {"type": "number", "source": "steps.paid.outputs.amount"}}


@pytest.fixture
def waiting(lab: Lab) -> str:
    """An instance that waits for ``paid`` of order o1."""
    lab.register(flow(PAID, inputs={"order": {"type": "string"}}, outputs=OUTPUTS))
    started = lab.call("POST", "/workflow/start/lab.Flow", {"order": "o1"})
    lab.work()
    return str(started.json["instanceId"])


def see(lab: Lab, instance_id: str) -> dict[str, Any]:
    lab.work()
    shown: dict[str, Any] = lab.call("GET", f"/workflow/instance/{instance_id}").json
    return shown


def test_an_event_is_accepted_and_delivered(lab: Lab, waiting: str) -> None:
    """WH-9: 202 with {eventId, timestamp}; the instance that waits for this name and key goes on with the data."""
    answer = lab.call("POST", "/workflow/events/paid/o1", {"amount": 5})
    assert (answer.status, set(answer.json)) == (202, {"eventId", "timestamp"})
    assert (see(lab, waiting)["status"], see(lab, waiting)["outputs"]) == ("COMPLETED", {"amount": 5})


@pytest.mark.parametrize("path", ["/workflow/events/paid/o2", "/workflow/events/sent/o1"])
def test_another_event_is_kept_for_others(lab: Lab, waiting: str, path: str) -> None:
    """WH-9: an event of another key or name wakes nobody who did not ask for it."""
    assert lab.call("POST", path, {"amount": 5}).status == 202
    assert see(lab, waiting)["status"] == "RUNNING"


def test_a_repeated_event_is_the_same_event(lab: Lab, waiting: str) -> None:
    """WH-11: the same Idempotency-Key answers the same event; with other content it is a 409."""
    once = {"Idempotency-Key": "payment-7"}
    first = lab.call("POST", "/workflow/events/paid/o1", {"amount": 5}, headers=once)
    again = lab.call("POST", "/workflow/events/paid/o1", {"amount": 5}, headers=once)
    assert (again.status, again.json["eventId"]) == (202, first.json["eventId"])
    other = lab.call("POST", "/workflow/events/paid/o1", {"amount": 6}, headers=once)
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")
    assert see(lab, waiting)["outputs"] == {"amount": 5}


@pytest.mark.parametrize("place", ["query", "headers"])
def test_a_future_event_is_kept_until_its_time(lab: Lab, waiting: str, place: str) -> None:
    """WH-9: eventTime, in the query or as a header, is the event's time: before it nothing happens."""
    given: dict[str, Any] = {place: {"eventTime": "2026-01-01T01:00:00Z"}}
    assert lab.call("POST", "/workflow/events/paid/o1", {"amount": 5}, **given).status == 202
    lab.clock.advance(59 * 60_000)
    assert see(lab, waiting)["status"] == "RUNNING"
    lab.clock.advance(60_000)
    assert sweep(lab.services()).hints
    lab.deliver_events()
    assert see(lab, waiting)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"query": {"eventTime": "soon"}}, 400, "invalid_request"),
        ({"headers": {"eventTime": "soon"}}, 400, "invalid_request"),
        ({"query": {"eventtime": "2026-01-01T00:00:00Z"}}, 400, "invalid_request"),
        ({"body": "{"}, 400, "invalid_request"),
        ({"headers": {"Idempotency-Key": "k" * 257}}, 400, "invalid_request"),
        ({"body": "a=b", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 415, None),
        ({"body": '"' + "x" * 1_048_576 + '"'}, 413, "payload_too_large"),
    ],
)
def test_a_wrong_event_is_a_problem(
    lab: Lab, waiting: str, request_: dict[str, Any], status: int, code: str | None
) -> None:
    """WR-16: what is wrong with a request is a problem document with its code, and nothing was published."""
    answer = lab.call("POST", "/workflow/events/paid/o1", **request_)
    assert (answer.status, answer.json["code"]) == (status, code or "unsupported_media_type")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert see(lab, waiting)["status"] == "RUNNING"


def test_a_signal_reaches_one_instance(lab: Lab, waiting: str) -> None:
    """WR-9: a signal satisfies the waits of that name in this instance, whatever their key, and in no other."""
    other = lab.call("POST", "/workflow/start/lab.Flow", {"order": "o1"}).json["instanceId"]
    lab.work()
    answer = lab.call("POST", f"/workflow/instance/{waiting}/signal/paid", {"amount": 1})
    assert answer.status == 202
    assert (see(lab, waiting)["status"], see(lab, other)["status"]) == ("COMPLETED", "RUNNING")


def test_a_signal_to_nobody_is_refused(lab: Lab, waiting: str) -> None:
    """WR-9, WR-16: 404 for an instance that is not there, 409 for one in which nothing will wait any more."""
    missing = lab.call("POST", "/workflow/instance/nobody/signal/paid", {})
    assert (missing.status, missing.json["code"]) == (404, "instance_not_found")
    assert lab.call("DELETE", f"/workflow/instance/{waiting}").status == 200
    lab.work()
    over = lab.call("POST", f"/workflow/instance/{waiting}/signal/paid", {})
    assert (over.status, over.json["code"]) == (409, "conflict")


@pytest.mark.parametrize("key", ["o#1", 'o"1', "o?1"])
def test_a_key_that_no_path_can_hold_is_told(lab: Lab, key: str) -> None:
    """WR-16: 400 says which characters a name in a path may have, instead of a route that does not exist."""
    answer = lab.call("POST", f"/workflow/events/paid/{key}", {})
    assert (answer.status, answer.json["code"]) == (400, "invalid_request")
    assert "letters, digits" in answer.json["message"]


@pytest.mark.parametrize("key", ["a@example.org", "2026-01-01T00:00:00Z", "Bücher", "50%", "a b+c"])
def test_a_key_may_be_most_things(lab: Lab, key: str) -> None:
    """WH-9: addresses, times and words of any language are keys."""
    assert lab.call("POST", f"/workflow/events/paid/{key}", {}).status == 202
    (event,) = lab.events.find("default", "paid", [key], 0, lab.clock.now(), 10)
    assert event.key == key
