"""Events: stored first, then delivered to whoever waits; and looked for by whoever begins to wait (WH-9, WH-11).

The publisher writes the event, then reads the waits. Who begins to wait writes the wait, then reads the events. Whatever
the order, one of the two sees the other; an event that both see reaches the inbox once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reactory.exceptions import IdempotencyConflictError, InvalidRequestError, UnavailableError
from reactory.host.values import fetch
from reactory.host.wakeups import NEAR_MS, send_wakeups
from reactory.kernel.facts import EventArrived, encode_fact
from reactory.kernel.snapshot import content_id, decode_state
from reactory.kernel.values import is_ref, make_ref
from reactory.kernel.waits import SIGNAL
from reactory.ports.blobs import Blobs
from reactory.ports.clock import Clock
from reactory.ports.events import EventStore, StoredEvent
from reactory.ports.queue import Message, Queue
from reactory.ports.store import InboxEntry, Instance, InstanceStore, OpenWait, Post

_LOG = logging.getLogger("reactory.host")

KEPT_MS = 30 * 24 * 3600 * 1000
"""How long an event is kept for waits that come later, from its own time."""

MAX_NAME = 256
PAGE = 500
SKEW_MS = 2000
"""An event that is published without a time of its own after a wait began is for that wait, even if the publisher's
clock is this much behind that of whoever created the instance."""

LAST_TIME = 253_402_300_799_999
"""The end of the year 9999."""

QUEUE = "events"


@dataclass(frozen=True, slots=True)
class Publication:
    """What somebody publishes. ``id`` makes it idempotent; ``time`` is milliseconds, None = now."""

    name: str
    key: str = ""
    data: Any = None
    id: str | None = None
    time: int | None = None
    source: str | None = None
    tenant: str = "default"


@dataclass(frozen=True, slots=True)
class EventDesk:
    """Uses the ports only; any process may do any part of it at any time."""

    events: EventStore
    instances: InstanceStore
    blobs: Blobs
    queue: Queue
    clock: Clock
    inline_limit: int

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(self, publication: Publication, event_id: str) -> StoredEvent:
        """Store the event under ``event_id`` and deliver it if its time has come. The same again changes nothing.

        Raises InvalidRequestError, and IdempotencyConflictError for another event under the same id.
        """
        _check(publication)
        event = self._stored(publication, event_id)
        existing = self.events.put(event)
        if existing is not None and existing.digest != event.digest:
            raise IdempotencyConflictError(
                f"event {event_id} was published with other content; use a new Idempotency-Key for another event"
            )
        if existing is not None and existing.due_at is None:
            return existing
        try:
            self._send_on(event, publication.time is None)
        except UnavailableError as error:
            _LOG.warning("event %s is stored, the sweeper will deliver it: %s", event_id, error.message)
        return existing or event

    def _send_on(self, event: StoredEvent, has_no_time: bool) -> None:
        """Deliver it now, or have somebody reminded of it if its time comes soon."""
        early = event.time - self.clock.now()
        if early <= 0:
            self.deliver(event, SKEW_MS if has_no_time else 0)
        elif early <= NEAR_MS:
            self.remind([(event.id, early, event.tenant)])

    def remind(self, events: Sequence[tuple[str, int, str]]) -> None:
        """Messages (id, delay in ms, tenant) to deliver events when their time has come."""
        messages = [Message({"eventId": name}, max(0, delay) / 1000, tenant) for name, delay, tenant in events]
        self.queue.send(QUEUE, messages)

    def _stored(self, publication: Publication, event_id: str) -> StoredEvent:
        now = self.clock.now()
        try:
            encoded = msgspec.json.encode(publication.data)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequestError(f"data: no JSON value: {error}") from error
        text = encoded.decode()
        if len(encoded) > self.inline_limit:
            blob_id = content_id(f"{_namespace(event_id)}/data", encoded)
            self.blobs.put({blob_id: encoded})
            text = msgspec.json.encode(make_ref(blob_id, len(encoded))).decode()
        time = now if publication.time is None else publication.time
        return StoredEvent(
            id=event_id,
            tenant=publication.tenant,
            name=publication.name,
            key=publication.key,
            time=time,
            data=text,
            source=publication.source,
            digest=_digest(publication),
            created_at=now,
            due_at=max(now, time),
            expires_at=max(now, time) + KEPT_MS,
        )

    # --- delivering -----------------------------------------------------------------------------------------------

    def deliver_due(self, event_id: str) -> None:
        """Deliver a stored event whose time has come and that was not delivered yet."""
        event = self.events.get(event_id)
        if event is None or event.due_at is None:
            return
        early = event.time - self.clock.now()
        if early > 0:
            self.remind([(event.id, min(early, NEAR_MS), event.tenant)])
        else:
            self.deliver(event)

    def deliver(self, event: StoredEvent, allowance: int = 0) -> None:
        """Tell every instance that waits for it; then it is no longer due.

        An event of the future is looked for once more after that: whoever began to wait meanwhile, and whose clock is
        behind, has passed it over as one whose time is still to come.
        """
        self._tell_waiting(event, allowance)
        self.events.delivered(event.id)
        if event.time > event.created_at:
            self._tell_waiting(event, allowance)

    def _tell_waiting(self, event: StoredEvent, allowance: int) -> None:
        """Page by page."""
        after: str | None = None
        while True:
            time = event.time + allowance
            page = self.instances.waiting(event.tenant, event.name, event.key, time, PAGE, after)
            posts = []
            for waiter in page:
                seen = self.events.consumed(waiter.instance_id, [event.id]) if waiter.spills else {}
                if event.id not in seen:
                    fact = self._fact(event, waiter.instance_id, waiter.spills, time)
                    posts.append(Post(waiter.instance_id, _entry(event, fact), waiter.waits))
            told = self.instances.post(posts) if posts else set()
            hints = [(one.instance_id, one.priority, 0, event.tenant) for one in page if one.instance_id in told]
            send_wakeups(self.queue, hints)
            if len(page) < PAGE:
                return
            after = page[-1].instance_id

    def _fact(self, event: StoredEvent, instance_id: str, spills: int, time: int) -> EventArrived:
        data = self.payload(event)
        encoded = msgspec.json.encode(data)
        if len(encoded) > self.inline_limit:
            blob_id = content_id(f"{instance_id}/event", encoded)
            self.blobs.put({blob_id: encoded})
            data = make_ref(blob_id, len(encoded))
        return EventArrived(event.id, event.name, event.key, time, self.clock.now(), data, spills)

    def payload(self, event: StoredEvent) -> Any:
        """What was published with it."""
        data = msgspec.json.decode(event.data)
        owner = _namespace(event.id)
        return fetch(self.blobs, data, owner) if is_ref(data, owner) else data

    # --- looking --------------------------------------------------------------------------------------------------

    def look(self, instance_id: str, wait_id: str) -> None:
        """A wait has begun: give it the earliest event that was published before and that it may still consume."""
        instance = self.instances.get(instance_id)
        if instance is None or instance.state is None:
            return
        wait = next((one for one in instance.waits if one.id == wait_id), None)
        found = None if wait is None else self._earliest(instance, wait)
        if wait is None or found is None:
            return
        fact = self._fact(found, instance_id, wait.spills, found.time)
        told = self.instances.post([Post(instance_id, _entry(found, fact), (wait_id,))])
        send_wakeups(self.queue, [(one, instance.priority, 0, instance.tenant) for one in told])

    def _earliest(self, instance: Instance, wait: OpenWait) -> StoredEvent | None:
        assert instance.state is not None
        consumed = decode_state(instance.state).consumed
        signal = SIGNAL + instance.id
        after: tuple[int, str] | None = None
        now = self.clock.now()
        while True:
            page = self._candidates(instance.tenant, wait, signal, after)
            fresh = [event for event in page if event.id not in consumed and _has_come(event, now)]
            if fresh and wait.spills:
                known = self.events.consumed(instance.id, [event.id for event in fresh])
                fresh = [event for event in fresh if event.id not in known]
            if fresh:
                return fresh[0]
            if len(page) < PAGE:
                return None
            after = page[-1].time, page[-1].id

    def _candidates(self, tenant: str, wait: OpenWait, signal: str, after: tuple[int, str] | None) -> list[StoredEvent]:
        until = LAST_TIME
        if wait.key is not None:
            return self.events.find(tenant, wait.name, [wait.key, signal], wait.since, until, PAGE, after)
        any_key = self.events.find(tenant, wait.name, None, wait.since, until, PAGE, after)
        signals = self.events.find(tenant, wait.name, [signal], wait.since, until, PAGE, after)
        return sorted([*any_key, *signals], key=lambda event: (event.time, event.id))[:PAGE]


def _has_come(event: StoredEvent, now: int) -> bool:
    """Whether its time has come, by anybody's clock: what was not of the future for its publisher, or was delivered, is
    not delivered again, so whoever looks for it must not pass it over because his own clock is behind.
    """
    return event.due_at is None or event.time <= max(now, event.created_at)


def _entry(event: StoredEvent, fact: EventArrived) -> InboxEntry:
    return InboxEntry(f"event:{event.id}", encode_fact(fact))


def _namespace(event_id: str) -> str:
    """What the ids of an event's blobs begin with; an event's own id may hold any character."""
    return f"event.{hashlib.sha256(event_id.encode()).hexdigest()[:32]}"


def _digest(publication: Publication) -> str:
    body = [publication.name, publication.key, publication.data, publication.time]
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()


def _check(publication: Publication) -> None:
    for what, value, least in (("name", publication.name, 1), ("key", publication.key, 0)):
        if not least <= len(value) <= MAX_NAME or (value and not value.isprintable()):
            raise InvalidRequestError(f"{what}: must be {least} to {MAX_NAME} printable characters")
    if publication.time is not None and not 0 <= publication.time <= LAST_TIME:
        raise InvalidRequestError("eventTime: must be a time between 1970 and 9999")
