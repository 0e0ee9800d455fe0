"""Pause, resume, cancel, retry: an operator's request goes into the instance's inbox (WR-9, WH-17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reactory.exceptions import ConflictError, InvalidRequestError, PayloadTooLargeError
from reactory.host.current import current
from reactory.host.view import effective_status
from reactory.host.wakeups import send_wakeups
from reactory.kernel.facts import Control, ControlAction, encode_fact
from reactory.kernel.snapshot import content_id
from reactory.kernel.surgery import find_failed, find_finished, misfits, takes_input
from reactory.kernel.values import make_ref
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
        step: str = "",
        version: str = "",
        data: Any = None,
    ) -> Controlled:
        """Push the request; answer the status that the instance has with it. ``step`` is where a rewind goes to, ``version``
        what a migration leads to. A retry may bring ``data``, the corrected input of the failed ``step`` (EH-4): an object,
        in the place of what the workflow would give it. ``step`` may be empty where only one has failed.

        Raises IllegalTransitionError when the instance's status does not allow it, ConflictError where a rewind, a migration or
        corrected input does not fit what is there, InvalidRequestError and PayloadTooLargeError for an input that is none;
        nothing was changed then.
        """
        if len(reason) > MAX_REASON:
            raise InvalidRequestError(f"reason: at most {MAX_REASON} characters")
        now = self._services.clock.now()
        fact = Control(self._services.ids.new(), action, now, reason, caller, step)
        if action == "migrate":
            fact = self._migration(fact, find_instance(self._services.instances, instance_id, tenant), version)
        if data is not None:
            fact = self._with_input(fact, find_instance(self._services.instances, instance_id, tenant), data)
        entry = InboxEntry(id=fact.id, fact=encode_fact(fact))
        after = self._push(instance_id, fact, entry, tenant)
        self._check_order(after, fact, entry)
        send_wakeups(self._services.queue, [(after.id, after.priority, 0, after.tenant)])
        return Controlled(instance_id=instance_id, status=self._status(after), timestamp=to_text(now))

    def check(
        self, instance_id: str, action: ControlAction, *, step: str = "", version: str = "", tenant: str = "default"
    ) -> None:
        """Raises what ``control`` would raise now; changes nothing."""
        instance = find_instance(self._services.instances, instance_id, tenant)
        fact = Control("", action, self._services.clock.now(), step=step)
        if action == "migrate":
            fact = self._migration(fact, instance, version)
        self._check(instance, fact)

    def _migration(self, fact: Control, instance: Instance, version: str) -> Control:
        """The request with the version that it leads to, which has to be registered, and another one."""
        if not version:
            raise InvalidRequestError("version: say which registered version the instance is to go on as")
        target = self._programs.resolve(instance.tenant, instance.workflow_id, version)
        if target.version == instance.version:
            raise ConflictError(f"instance {instance.id} is on version {version} already")
        return msgspec.structs.replace(fact, version=target.version, fingerprint=target.fingerprint)

    def _with_input(self, fact: Control, instance: Instance, data: Any) -> Control:
        """The request with the corrected input, out of line where it is large."""
        if not isinstance(data, dict):
            raise InvalidRequestError("input: must be an object, with one member per input of the step")
        settings = self._services.settings
        try:
            encoded = msgspec.json.encode(data)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequestError(f"input: no JSON value: {error}") from error
        if len(encoded) > settings.request_limit:
            raise PayloadTooLargeError(
                f"the input has {len(encoded)} bytes, the limit is {settings.request_limit}; pass a reference to the data"
            )
        checked = msgspec.structs.replace(fact, input=data)
        self._check(instance, checked)  # before anything is stored
        if len(encoded) <= settings.inline_limit:
            return checked
        blob_id = content_id(f"{instance.blob_prefix}/given", encoded)
        self._services.blobs.put({blob_id: encoded})
        return msgspec.structs.replace(fact, input=make_ref(blob_id, len(encoded)))

    def _check(self, instance: Instance, fact: Control) -> None:
        """Raises unless the request may be carried out as the instance stands now."""
        check_transition(instance.id, fact.action, self._status(instance))
        corrects = fact.action == "retry" and (fact.step or fact.input is not None)
        if fact.action not in ("rewind", "migrate") and not corrects:
            return
        program = program_of(self._programs, instance)
        if program is None:
            raise ConflictError(
                f"the definition of instance {instance.id} is missing: register {instance.version} again"
            )
        machine = current(instance, program, self._services.blobs, self._services.settings.env)
        if fact.action == "rewind":
            find_finished(machine, fact.step)
            return
        if fact.action == "retry":
            path = find_failed(machine, fact.step)
            if fact.input is not None and (refusal := takes_input(machine, path)) is not None:
                raise ConflictError(refusal)
            return
        target = self._programs.program(instance.tenant, instance.workflow_id, fact.version, fact.fingerprint)
        problems = misfits(machine, target)
        pinned = (instance.rules or {}).get("policies") or {}
        problems += [
            f"it names the retry policy {name}, which the instance was not started with"
            for name in sorted(target.policies - pinned.keys())
        ]
        if problems:
            raise ConflictError(
                f"instance {instance.id} cannot go on as version {fact.version}: {'; '.join(problems[:10])}. "
                "Let it come to another place first, or keep these steps in the new version"
            )

    def _push(self, instance_id: str, fact: Control, entry: InboxEntry, tenant: str) -> Instance:
        """Refused by the store when the status that was checked is no longer the stored one: then look again."""
        action = fact.action
        for _ in range(_ROUNDS):
            instance = find_instance(self._services.instances, instance_id, tenant)
            self._check(instance, fact)
            allowed = tuple(SOURCES[action] | {instance.status})
            after = self._services.instances.send(instance_id, entry, allowed)
            if after is not None:
                return after
        raise ConflictError(f"instance {instance_id} changes its status faster than {action} can be applied; try again")

    def _check_order(self, after: Instance, fact: Control, entry: InboxEntry) -> None:
        """Something may have come in between the look and the push. The inbox tells what came first, and decides."""
        earlier: list[InboxEntry] = []
        for waiting in after.inbox:
            if waiting.id == entry.id:
                break
            earlier.append(waiting)
        self._check(msgspec.structs.replace(after, inbox=earlier), fact)

    def _status(self, instance: Instance) -> str:
        program = program_of(self._programs, instance)
        return effective_status(instance, program, self._services.blobs, self._services.settings.env)
