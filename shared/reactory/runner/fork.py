"""Fork: a new instance from a point of an old one, with changed input if it is given (LC-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reactory.exceptions import ConflictError, ReactoryError
from reactory.host.current import current
from reactory.host.values import resolved
from reactory.kernel.snapshot import encode_state, snapshot
from reactory.kernel.state import State
from reactory.kernel.surgery import fork
from reactory.ports.store import Instance
from reactory.runner.lookup import find_instance, program_of
from reactory.runner.request import Kin, Started, StartRequest
from reactory.runner.services import Services
from reactory.runner.start import StartWorkflow

if TYPE_CHECKING:
    from reactory.definition.program import Program
    from reactory.host.definitions import Definitions


class ForkInstance:
    def __init__(self, services: Services, programs: Definitions, start: StartWorkflow) -> None:
        self._services = services
        self._programs = programs
        self._start = start

    def fork(
        self, instance_id: str, step: str, data: Any = None, *, caller: str = "", tenant: str = "default"
    ) -> Started:
        """A new instance of the same version that begins at ``step``, a step of the root; what the old one had finished
        before it counts as finished. ``data`` None is the old one's input.

        Variables are those that the old instance has now. Raises ConflictError for a step that cannot be begun with, and
        what a start raises.
        """
        instance = find_instance(self._services.instances, instance_id, tenant)
        program = program_of(self._programs, instance)
        if program is None:
            raise ConflictError(
                f"the definition of instance {instance_id} is missing: register {instance.version} again"
            )
        if instance.fragment is not None:
            raise ConflictError(
                f"instance {instance_id} runs a part of a distributed loop: fork the whole, {instance.root}"
            )
        new_id = self._services.ids.new()
        state = self._own_state(instance, program, step, new_id)
        given = data
        if given is None:
            given = resolved(self._services.blobs, msgspec.json.decode(instance.input), instance.family)
        outcome = self._start.start_many(
            [self._request(instance, given, Kin(id=new_id, forked_from=instance_id, state=state), caller)]
        )[0]
        if isinstance(outcome, ReactoryError):
            raise outcome
        return outcome

    def _own_state(self, instance: Instance, program: Program, step: str, new_id: str) -> str:
        """The snapshot with which the fork begins; what was out of line becomes its own."""
        services = self._services
        state = fork(current(instance, program, services.blobs, services.settings.env), step)
        plain = msgspec.json.decode(encode_state(state))
        whole = msgspec.convert(resolved(services.blobs, plain, instance.family), State)
        text, blobs = snapshot(whole, new_id, {})
        if blobs:
            services.blobs.put(blobs)
        return text

    @staticmethod
    def _request(instance: Instance, data: Any, kin: Kin, caller: str) -> StartRequest:
        return StartRequest(
            workflow=instance.workflow_id,
            version=instance.version,
            data=data,
            mode="fork",
            trigger_id=instance.id,
            caller=caller or None,
            tags=tuple(instance.tags),
            priority=instance.priority,
            timeout=instance.timeout,
            correlation_id=instance.correlation_id,
            tenant=instance.tenant,
            kin=kin,
        )
