"""The event bus inside this process: a bounded log of what was published, and callbacks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from reactory.adapters.wire import json_text
from reactory.ports.bus import MAX_DETAIL, BusEvent

Subscriber = Callable[[BusEvent], None]


class MemoryBus:
    """Subscribers are called in the publisher's thread, in the order of subscription, after all events are in the log."""

    def __init__(self, keep: int = 10_000) -> None:
        self._lock = threading.Lock()
        self._log: deque[BusEvent] = deque(maxlen=keep)
        self._subscribers: list[Subscriber] = []

    def publish(self, events: Sequence[BusEvent]) -> None:
        for event in events:
            json_text(event.detail, f"The detail of event {event.detail_type!r}", MAX_DETAIL)  # refused here as on AWS
        with self._lock:
            self._log.extend(events)
            subscribers = tuple(self._subscribers)
        for event in events:
            for subscriber in subscribers:
                subscriber(event)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber`` with every event from now on; call the answer to end it."""
        with self._lock:
            self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            with self._lock:
                if subscriber in self._subscribers:
                    self._subscribers.remove(subscriber)

        return unsubscribe

    def published(self) -> list[BusEvent]:
        """The latest events, the oldest first."""
        with self._lock:
            return list(self._log)
