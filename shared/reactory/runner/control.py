"""Pause, resume, cancel, retry: an operator's request goes into the instance's inbox (WR-9, WH-17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reactory.exceptions import ConflictError, InvalidRequestError
from reactory.host.view import effective_status
from reactory.host.wakeups import send_wakeups
from reactory.kernel.facts import Control, ControlAction, encode_fact
from reactory.ports.store import InboxEntry, Instance
from reactory.runner.answers import Controlled
from reactory.runner.instant import to_text
from reactory.runner.lookup import find_instance, program_of
from reactory.runner.services import Services
from reactory.runner.transitions import SOURCES, check_transition

if TYPE_CHECKING:
    from reactory.host.definitions import Definitions

MAX_REASON = 1000
_ROUNDS = 5


class ControlInstance:
    """Acts on the persisted instance, so it does not matter which process runs it, or whether any does."""

    def __init__(self, services: Services, programs: Definitions) -> None:
        self._services = services
        self._programs = programs

    def control(
        self,
        instance_id: str,
        action: ControlAction,
        *,
        reason: str = "",
        caller: str = "",
        tenant: str = "default",
    ) -> Controlled:
        """Push the request; answer the status that the instance has with it.

        Raises IllegalTransitionError when the instance's status does not allow it; nothing was changed then.
        """
        if len(reason) > MAX_REASON:
            raise InvalidRequestError(f"reason: at most {MAX_REASON} characters")
        now = self._services.clock.now()
        fact = Control(id=self._services.ids.new(), action=action, at=now, reason=reason, by=caller)
        entry = InboxEntry(id=fact.id, fact=encode_fact(fact))
        after = self._push(instance_id, action, entry, tenant)
        self._check_order(after, action, entry)
        send_wakeups(self._services.queue, [(after.id, after.priority, 0, after.tenant)])
        return Controlled(instance_id=instance_id, status=self._status(after), timestamp=to_text(now))

    def _push(self, instance_id: str, action: ControlAction, entry: InboxEntry, tenant: str) -> Instance:
        """Refused by the store when the status that was checked is no longer the stored one: then look again."""
        for _ in range(_ROUNDS):
            instance = find_instance(self._services.instances, instance_id, tenant)
            check_transition(instance_id, action, self._status(instance))
            allowed = tuple(SOURCES[action] | {instance.status})
            after = self._services.instances.send(instance_id, entry, allowed)
            if after is not None:
                return after
        raise ConflictError(f"instance {instance_id} changes its status faster than {action} can be applied; try again")

    def _check_order(self, after: Instance, action: ControlAction, entry: InboxEntry) -> None:
        """Something may have come in between the look and the push. The inbox tells what came first, and decides."""
        earlier: list[InboxEntry] = []
        for waiting in after.inbox:
            if waiting.id == entry.id:
                break
            earlier.append(waiting)
        check_transition(after.id, action, self._status(msgspec.structs.replace(after, inbox=earlier)))

    def _status(self, instance: Instance) -> str:
        program = program_of(self._programs, instance)
        return effective_status(instance, program, self._services.blobs, self._services.settings.env)
