"""Activities: external workers take them, say that they are alive, and answer with their token (WH-5)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reactory.exceptions import ConflictError, InvalidRequestError
from reactory.kernel.facts import ErrorInfo
from reactory.kernel.severity import CATEGORIES
from reactory.ports.tasks import WorkItem
from reactory.runner.answering import Answering
from reactory.runner.answers import Completed, Extended, TakenActivities, TakenActivity
from reactory.runner.instant import to_text
from reactory.runner.services import Services

LEASE_MS = 60_000
"""How long a worker may be silent where neither it nor the document says otherwise."""

LONGEST_LEASE_MS = 12 * 3600 * 1000
MOST = 100
MAX_NAME = 256
_TAKES = re.compile(r"[1-9][0-9]{0,9}")
"""How often an activity was taken, as it stands in a token. What nobody has taken has no token."""


class Activities:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._answering = Answering(services)

    def take(
        self, name: str, worker: str, *, count: int = 1, lease_ms: int | None = None, tenant: str = "default"
    ) -> TakenActivities:
        """Up to ``count`` activities of that name, the most urgent first, each for this worker alone while it is heard of.

        Raises InvalidRequestError.
        """
        if not (0 < len(worker) <= MAX_NAME and worker.isprintable()):
            raise InvalidRequestError(f"worker: say who takes it, in 1 to {MAX_NAME} printable characters")
        if not 1 <= count <= MOST:
            raise InvalidRequestError(f"count: must be from 1 to {MOST}")
        lease = _lease(lease_ms)
        items = self._services.tasks.take(tenant, name, worker, lease, count)
        return TakenActivities(activities=[_taken(item) for item in items])

    def heartbeat(self, token: str, *, lease_ms: int | None = None, tenant: str = "default") -> Extended:
        """The worker is alive. Raises ConflictError when somebody else has it now, or nobody wants it any more."""
        item, takes = self._held(token, tenant)
        lease = item.heartbeat_ms or _lease(lease_ms)
        if not self._services.tasks.extend(item.id, takes, lease):
            raise _lost(token)
        return Extended(token=token, lease_until=to_text(self._services.clock.now() + lease))

    def complete(self, token: str, result: Any = None, *, tenant: str = "default") -> Completed:
        """The activity is done: ``result`` is the step's output. Raises as ``heartbeat`` does."""
        item, _ = self._held(token, tenant)
        return self._answering.answer(item, output=result, by=item.worker or "")

    def fail(self, token: str, error: dict[str, Any], *, tenant: str = "default") -> Completed:
        """The attempt has failed; the step's retryPolicy decides about another one. ``error`` is ``{message, type, code,
        category, retryable, retryAfter}``, of which only ``message`` is needed.
        """
        item, _ = self._held(token, tenant)
        return self._answering.answer(item, error=_error(error), by=item.worker or "")

    def _held(self, token: str, tenant: str) -> tuple[WorkItem, int]:
        item_id, _, takes = token.rpartition(":")
        if not (item_id and _TAKES.fullmatch(takes)):
            raise InvalidRequestError(f"{token!r} is no token: give the one that take answered")
        item = self._answering.find(item_id, tenant, "activity")
        if item.takes != int(takes):
            raise _lost(token)
        return item, int(takes)


def _lease(lease_ms: int | None) -> int:
    lease = LEASE_MS if lease_ms is None else lease_ms
    if not 1000 <= lease <= LONGEST_LEASE_MS:
        raise InvalidRequestError(f"leaseMs: must be from 1000 to {LONGEST_LEASE_MS} milliseconds")
    return lease


def _lost(token: str) -> ConflictError:
    return ConflictError(f"{token} is over: the worker was silent for too long, and the activity was given to another")


def _taken(item: WorkItem) -> TakenActivity:
    detail = msgspec.json.decode(item.detail)
    assert item.lease_until is not None
    return TakenActivity(
        token=f"{item.id}:{item.takes}",
        name=item.name,
        parameters=detail.get("parameters"),
        instance_id=item.instance_id,
        workflow_id=item.workflow_id,
        path=item.path,
        attempt=item.takes,
        idempotency_key=item.id,
        lease_until=to_text(item.lease_until),
        due_at=None if item.due_at is None else to_text(item.due_at),
    )


class _Failure(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    message: str
    type: str = "ActivityError"
    code: str = "activity_failed"
    category: str = "unknown"
    retryable: bool = True
    retry_after: int | None = None


def _error(given: dict[str, Any]) -> ErrorInfo:
    try:
        failure = msgspec.convert(given, _Failure)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"the error is not understood: {error}") from error
    if failure.category not in CATEGORIES:
        raise InvalidRequestError(f"category: must be one of {', '.join(CATEGORIES)}")
    return ErrorInfo(
        failure.type, failure.message, failure.code, failure.category, failure.retryable, failure.retry_after
    )
