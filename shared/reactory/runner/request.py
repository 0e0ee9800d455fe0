"""One request to start a workflow, from whichever entry point it comes (WR-1), and what it has become."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from reactory.ports.store import Instance

Mode = Literal["api", "event", "schedule", "dependency", "cli", "workflow", "fork", "autostart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """``id`` is the new instance's, given by whoever starts it, so that it is created once. ``parent``, ``root``, ``depth``,
    ``fragment`` and ``forked_from`` as in ``Instance``; ``state`` is the snapshot with which a fork begins; ``rules`` those of
    the instance that a fragment is a part of.
    """

    id: str
    parent: str | None = None
    root: str | None = None
    depth: int = 0
    fragment: str | None = None
    forked_from: str | None = None
    state: str | None = None
    rules: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """``workflow`` is ``ns.Name`` or ``ns.Name@version``; ``timeout`` milliseconds; ``trigger_id`` names what caused it
    (an HTTP request, a message, a slot of a schedule, a version of a module); ``caller`` is who asked for it (IM-8).

    ``kin`` places it among other instances: a child, a part of a distributed loop, a fork.
    """

    workflow: str
    version: str | None = None
    data: Any = None
    mode: Mode = "api"
    trigger_id: str | None = None
    caller: str | None = None
    tags: tuple[str, ...] = ()
    priority: int | None = None
    timeout: int | None = None
    idempotency_key: str | None = None
    correlation_id: str | None = None
    tenant: str = "default"
    kin: Kin | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """``created`` is False when an earlier request with the same idempotency key had created it."""

    instance: Instance
    created: bool


def request_hash(request: StartRequest, workflow_id: str) -> str:
    """What was asked for, as a digest: the same key with another digest is a conflict (WR-13).

    The version counts as it was requested: without one, a repetition stays the same request when a newer version
    was registered in between.
    """
    requested = request.workflow.partition("@")[2] or request.version
    body = [workflow_id, requested, request.data, request.tags, request.priority, request.timeout]
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()


def keyed_id(request: StartRequest, workflow_id: str) -> str:
    """The instance id of a request with an idempotency key: one unique insert then makes the start idempotent.

    Encoded as a list, so that no tenant, id or key can be made to look like another three.
    """
    text = msgspec.json.encode([request.tenant, workflow_id, request.idempotency_key])
    return f"k{hashlib.sha256(text).hexdigest()[:32]}"
