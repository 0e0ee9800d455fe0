"""Publishing to EventBridge: in tens, what was refused once more.

EventBridge gives every entry an id of its own; the engine's own id, by which a consumer recognises an event that was
published twice, travels as the event's one resource.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reactory.adapters.aws.batches import at_once, batches
from reactory.adapters.aws.errors import classified, failure
from reactory.adapters.wire import json_text
from reactory.exceptions import UnavailableError
from reactory.ports.bus import MAX_DETAIL, BusEvent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef, PutEventsResultEntryTypeDef

    Entry = PutEventsRequestEntryTypeDef
    Refusal = PutEventsResultEntryTypeDef

_REQUEST_LIMIT = 262_144
_TIME_SIZE = 14  # what the field Time counts for


class EventBridgeBus:
    """Implements the port ``Bus``. ``bus`` is the name or the ARN of the event bus."""

    def __init__(self, client: Callable[[], EventBridgeClient], bus: str) -> None:
        self._client = client
        self._bus = bus

    def publish(self, events: Sequence[BusEvent]) -> None:
        if not events:
            return
        entries = [self._entry(event) for event in events]
        parts = list(batches(entries, _size, limit=_REQUEST_LIMIT))
        refused = [refusal for part in at_once(self._put, parts) for refusal in part]
        if refused:
            first = refused[0]
            code, said = first.get("ErrorCode", "Unknown"), first.get("ErrorMessage", "")
            message = failure("EventBridge", f"PutEvents on bus {self._bus!r}", code, said)
            raise UnavailableError(f"{message} ({len(refused)} of {len(events)} events were not published.)")

    def _put(self, batch: list[Entry]) -> list[Refusal]:
        """Put; what was refused once more. Answers what was refused in the end."""
        refused = self._put_once(batch)
        if not refused:
            return []
        return [refusal for _, refusal in self._put_once([entry for entry, _ in refused])]

    def _put_once(self, batch: list[Entry]) -> list[tuple[Entry, Refusal]]:
        with classified(UnavailableError, "EventBridge", f"PutEvents on bus {self._bus!r}"):
            answer = self._client().put_events(Entries=batch)
        if not answer["FailedEntryCount"]:
            return []
        pairs = zip(batch, answer["Entries"], strict=True)
        return [(entry, result) for entry, result in pairs if "ErrorCode" in result]

    def _entry(self, event: BusEvent) -> Entry:
        what = f"The detail of event {event.detail_type!r}"
        return {
            "EventBusName": self._bus,
            "Source": event.source,
            "DetailType": event.detail_type,
            "Detail": json_text(event.detail, what, MAX_DETAIL),
            "Time": datetime.fromtimestamp(event.time / 1000, UTC),
            "Resources": [event.id],
        }


def _size(entry: Entry) -> int:
    """As EventBridge counts: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"], *entry["Resources"])
    return _TIME_SIZE + sum(len(text.encode()) for text in texts)
