"""The only code path that creates an instance (WR-1): requests go through the stages, then into the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.exceptions import AmbiguousWriteError, IdempotencyConflictError, ReactoryError
from reactory.host.wakeups import send_wakeups
from reactory.kernel.values import make_ref
from reactory.ports.store import Instance
from reactory.runner.rate_limiter import RateLimiter
from reactory.runner.request import Kin, Mode, Started, StartRequest, keyed_id, request_hash
from reactory.runner.services import Services
from reactory.runner.stages import STAGES, Draft, Pipeline

if TYPE_CHECKING:
    from reactory.host.definitions import Definitions


class StartWorkflow:
    """Starts workflows. Holds nothing between two calls that any other process would have to know (WR-12)."""

    def __init__(self, services: Services, programs: Definitions) -> None:
        self._services = services
        limiter = RateLimiter(services.settings.rate_limits, services.buckets, services.clock)
        self._pipeline = Pipeline(settings=services.settings, programs=programs, limiter=limiter)

    def start_workflow(
        self,
        id: str,  # noqa: A002  # the name that every entry point and the specification use
        version: str | None = None,
        data: Any = None,
        *,
        mode: Mode = "api",
        trigger_id: str | None = None,
        caller: str | None = None,
        tags: Sequence[str] = (),
        priority: int | None = None,
        timeout: int | None = None,
        idempotency_key: str | None = None,
        correlation_id: str | None = None,
        tenant: str = "default",
    ) -> Started:
        """Create one instance, PENDING and due at once, and hint that it is; or raise the first stage's refusal."""
        request = StartRequest(
            workflow=id,
            version=version,
            data=data,
            mode=mode,
            trigger_id=trigger_id,
            caller=caller,
            tags=tuple(tags),
            priority=priority,
            timeout=timeout,
            idempotency_key=idempotency_key,
            correlation_id=correlation_id,
            tenant=tenant,
        )
        outcome = self.start_many([request])[0]
        if isinstance(outcome, ReactoryError):
            raise outcome
        return outcome

    def start_many(self, requests: Sequence[StartRequest]) -> list[Started | ReactoryError]:
        """Start each with one write for all; an outcome per request, in order. One refused request stops no other.

        Raises StoreUnavailableError or AmbiguousWriteError when the store fails as a whole.
        """
        outcomes: list[Started | ReactoryError] = []
        drafts: list[tuple[int, Instance, bytes]] = []
        pipeline = replace(self._pipeline, resolved={})
        for position, request in enumerate(requests):
            draft = Draft(request)
            try:
                for stage in STAGES:
                    stage(pipeline, draft)
            except ReactoryError as refusal:
                outcomes.append(refusal)
                continue
            instance = self._instance(draft)
            drafts.append((position, instance, draft.encoded))
            outcomes.append(Started(instance, created=True))
        for (position, instance, _), existing in zip(drafts, self._create(drafts), strict=True):
            if existing is not None:
                outcomes[position] = _repeated(instance, existing)
        new = [outcome.instance for outcome in outcomes if isinstance(outcome, Started) and outcome.created]
        send_wakeups(self._services.queue, [(instance.id, instance.priority, 0, instance.tenant) for instance in new])
        return outcomes

    def _instance(self, draft: Draft) -> Instance:
        request, program = draft.request, draft.program
        assert program is not None
        keyed = request.idempotency_key is not None
        digest = request_hash(request, program.id) if keyed else None
        kin = request.kin or Kin(id=keyed_id(request, program.id) if keyed else self._services.ids.new())
        instance_id = kin.id
        now = self._services.clock.now()
        text = draft.encoded.decode()
        if len(draft.encoded) > self._services.settings.inline_limit:
            text = msgspec.json.encode(make_ref(_blob_id(instance_id, digest), len(draft.encoded))).decode()
        return Instance(
            id=instance_id,
            tenant=request.tenant,
            workflow_id=program.id,
            version=program.version,
            fingerprint=program.fingerprint,
            status="PENDING",
            priority=request.priority or program.priority,
            tags=list(request.tags),
            mode=request.mode,
            trigger_id=request.trigger_id,
            caller=request.caller,
            correlation_id=request.correlation_id,
            request_hash=digest,
            timeout=request.timeout or program.timeout,
            created_at=now,
            updated_at=now,
            input=text,
            wake_at=now,
            parent=kin.parent,
            root=kin.root,
            depth=kin.depth,
            fragment=kin.fragment,
            forked_from=kin.forked_from,
            state=kin.state,
            rules=msgspec.to_builtins(draft.rules),
        )

    def _create(self, drafts: Sequence[tuple[int, Instance, bytes]]) -> list[Instance | None]:
        """Payloads first, so that no instance ever refers to one that is missing."""
        if not drafts:
            return []
        limit = self._services.settings.inline_limit
        large = {
            _blob_id(instance.id, instance.request_hash): encoded
            for _, instance, encoded in drafts
            if len(encoded) > limit
        }
        if large:
            self._services.blobs.put(large)
        instances = [instance for _, instance, _ in drafts]
        try:
            return self._services.instances.create(instances)
        except AmbiguousWriteError:
            # The ids are ours alone, so asking again either creates the instances or finds what the first call wrote.
            found = self._services.instances.create(instances)
            return [
                None if old is not None and _is_ours(new, old) else old
                for new, old in zip(instances, found, strict=True)
            ]


def _blob_id(instance_id: str, digest: str | None) -> str:
    """With an idempotency key two different requests may race for one instance id: each has a blob of its own then."""
    return f"{instance_id}/input" if digest is None else f"{instance_id}/input.{digest[:16]}"


def _is_ours(new: Instance, old: Instance) -> bool:
    return (new.request_hash, new.created_at) == (old.request_hash, old.created_at)


def _repeated(instance: Instance, existing: Instance) -> Started | ReactoryError:
    """WR-13: the same key and request find the instance; another request under that key is a conflict."""
    if existing.request_hash == instance.request_hash:
        return Started(existing, created=False)
    return IdempotencyConflictError(
        f"this Idempotency-Key has started instance {existing.id} with another request; use a new key",
    )
