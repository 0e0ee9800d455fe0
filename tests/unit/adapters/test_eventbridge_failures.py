"""What the EventBridge adapter does when events are refused or the service cannot be reached."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ConnectTimeoutError

from reactory.adapters.aws.eventbridge import EventBridgeBus
from reactory.exceptions import UnavailableError
from reactory.ports.bus import BusEvent


class RefusingEvents:
    """Refuses an event as often as ``refusals`` says, by its id."""

    def __init__(self, refusals: dict[str, int]) -> None:
        self.refusals = refusals
        self.accepted: list[str] = []
        self.requests: list[int] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  # as boto3 names them
        self.requests.append(len(Entries))
        results = [self._result(entry["Resources"][0]) for entry in Entries]
        return {"Entries": results, "FailedEntryCount": sum("ErrorCode" in result for result in results)}

    def _result(self, event_id: str) -> dict[str, str]:
        if self.refusals.get(event_id, 0) > 0:
            self.refusals[event_id] -= 1
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        self.accepted.append(event_id)
        return {"EventId": "x"}


def events(count: int) -> list[BusEvent]:
    return [BusEvent(str(number), "reactory.workflow", "Change", {}, 0) for number in range(count)]


def test_refused_events_are_put_once_more() -> None:
    """A partial failure is repaired without telling the caller; what was accepted is not published twice."""
    client = RefusingEvents({"1": 1})
    EventBridgeBus(lambda: cast("Any", client), "reactory").publish(events(3))
    assert client.accepted == ["0", "2", "1"]
    assert client.requests == [3, 1]


def test_events_refused_twice_are_an_error() -> None:
    """The error names the bus, the code and how many were not published."""
    client = RefusingEvents({"1": 2})
    with pytest.raises(UnavailableError, match=r"bus 'reactory' failed with ThrottlingException: slow down.*1 of 3"):
        EventBridgeBus(lambda: cast("Any", client), "reactory").publish(events(3))


def test_an_unreachable_bus_is_unavailable() -> None:
    """A connection that cannot be made is the retryable error of the engine."""

    class Unreachable:
        def put_events(self, **_: Any) -> Any:
            raise ConnectTimeoutError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(UnavailableError, match=r"EventBridge PutEvents .* ConnectTimeoutError"):
        EventBridgeBus(lambda: cast("Any", Unreachable()), "reactory").publish(events(1))
