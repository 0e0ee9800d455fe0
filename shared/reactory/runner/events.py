"""Events from outside: published once per key, signals included (WH-9, WH-11)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from reactory.exceptions import ConflictError, InvalidRequestError
from reactory.host.event_desk import EventDesk, Publication
from reactory.kernel.state import TERMINAL
from reactory.kernel.waits import SIGNAL
from reactory.runner.answers import Published
from reactory.runner.instant import to_text
from reactory.runner.lookup import find_instance
from reactory.runner.services import Services


class PublishEvents:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._desk = EventDesk(
            services.events,
            services.instances,
            services.blobs,
            services.queue,
            services.clock,
            services.settings.inline_limit,
        )

    def publish(
        self,
        name: str,
        key: str = "",
        data: Any = None,
        *,
        idempotency_key: str | None = None,
        time: int | None = None,
        source: str | None = None,
        tenant: str = "default",
    ) -> Published:
        """Store the event and deliver it to whoever waits; it is kept for waits that come later.

        ``time`` is the event's own, in milliseconds; one that lies ahead is delivered then. The same ``idempotency_key``
        again gives the same event. Raises InvalidRequestError and IdempotencyConflictError.
        """
        if idempotency_key is not None and not (0 < len(idempotency_key) <= 256 and idempotency_key.isprintable()):
            raise InvalidRequestError("Idempotency-Key: must be 1 to 256 printable characters")
        if key.startswith(SIGNAL):
            self._check_signal(key.removeprefix(SIGNAL), tenant)
        event_id = self._services.ids.new() if idempotency_key is None else _keyed(tenant, idempotency_key)
        event = self._desk.publish(Publication(name, key, data, event_id, time, source, tenant), event_id)
        return Published(event_id=event.id, timestamp=to_text(event.created_at))

    def signal(self, instance_id: str, name: str, data: Any = None, **more: Any) -> Published:
        """An event for one instance only, whatever key its waits ask for (WR-9)."""
        return self.publish(name, SIGNAL + instance_id, data, **more)

    def deliver(self, event_id: str) -> None:
        """Deliver a stored event whose time has come."""
        self._desk.deliver_due(event_id)

    def _check_signal(self, instance_id: str, tenant: str) -> None:
        instance = find_instance(self._services.instances, instance_id, tenant)
        if instance.status in TERMINAL - {"FAILED"}:
            raise ConflictError(f"instance {instance_id} is {instance.status}: nothing in it will wait for a signal")


def _keyed(tenant: str, key: str) -> str:
    return f"k{hashlib.sha256(msgspec.json.encode([tenant, key])).hexdigest()[:32]}"
