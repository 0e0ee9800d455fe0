"""Instances that other instances start: asked for by the outbox of the parent, reported to its inbox by that of the child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from reactory.exceptions import ReactoryError
from reactory.host.values import resolved
from reactory.host.wakeups import send_wakeups
from reactory.kernel.facts import ChildEnded, Control, ErrorInfo, encode_fact
from reactory.kernel.snapshot import content_id, decode_state
from reactory.kernel.state import TERMINAL
from reactory.kernel.values import make_ref
from reactory.ports.blobs import Blobs
from reactory.ports.clock import Clock
from reactory.ports.queue import Queue
from reactory.ports.store import InboxEntry, Instance, InstanceStore, Post

DEEPEST = 32
"""Instances above an instance; one more is refused, so that workflows that start each other come to an end."""

_OPEN = ("PENDING", "RUNNING", "PAUSED")


class ChildOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A child to be started. ``input`` may be a reference of the parent. ``fragment`` as in ``Instance``; ``rules``
    are those that a fragment takes over from the instance that it is a part of.
    """

    id: str
    parent: str
    workflow: str
    version: str | None = None
    input: Any = None
    fragment: str | None = None
    root: str | None = None
    depth: int = 1
    tenant: str = "default"
    priority: int = 2
    correlation_id: str | None = None
    rules: dict[str, Any] | None = None


class Starter(Protocol):
    def __call__(self, order: ChildOrder) -> None:
        """Create the instance, once per id. Raises what the start pipeline raises."""
        ...


@dataclass(frozen=True, slots=True)
class Children:
    instances: InstanceStore
    blobs: Blobs
    queue: Queue
    clock: Clock
    starter: Starter
    inline_limit: int

    def start(self, order: ChildOrder) -> None:
        """Start a child; one that cannot be started has failed, and its parent is told so."""
        try:
            if order.depth > DEEPEST:
                self._refuse(order, "invocation_too_deep", _TOO_DEEP.format(order.depth))
                return
            whole = resolved(self.blobs, order.input, order.root or order.parent) if order.fragment is None else None
            self.starter(order if order.fragment is not None else msgspec.structs.replace(order, input=whole))
        except ReactoryError as error:
            if error.retryable:
                raise
            self._refuse(order, error.code, error.message)

    def _refuse(self, order: ChildOrder, code: str, message: str) -> None:
        said = f"workflow '{order.workflow}' could not be started: {message}"
        error = ErrorInfo("ChildWorkflowError", said, code, "validation", retryable=False)
        fact = ChildEnded(order.id, "CANCELLED", self.clock.now(), error=error)
        self._post(order.parent, fact, order.tenant, order.priority)

    def retry(self, child_id: str, parent: Instance | str, tenant: str, priority: int) -> None:
        """Take a failed child up again; if it has ended otherwise meanwhile, report that."""
        parent_id = parent if isinstance(parent, str) else parent.id
        child = self.instances.get(child_id)
        if child is None:
            error = ErrorInfo("ChildWorkflowError", f"instance {child_id} is gone", "child_missing", retryable=False)
            fact = ChildEnded(child_id, "CANCELLED", self.clock.now(), error=error, number=1 << 30)
            self._post(parent_id, fact, tenant, priority)
        elif child.status == "FAILED":
            self._control(child_id, "retry", "its parent was retried", ("FAILED",))
        elif child.status in TERMINAL and child.state is not None:
            state = decode_state(child.state)
            self.report(child, parent_id, child.status, state.output, child.reason, state.moves)

    def cancel(self, child_id: str) -> None:
        """Nobody waits for it any more."""
        self._control(child_id, "cancel", "its parent no longer waits for it", _OPEN)

    def _control(self, child_id: str, action: Any, reason: str, statuses: tuple[str, ...]) -> None:
        now = self.clock.now()
        fact = Control(id=f"parent:{action}:{child_id}:{now}", action=action, at=now, reason=reason, by="parent")
        after = self.instances.send(child_id, InboxEntry(f"parent:{action}", encode_fact(fact)), statuses)
        if after is not None:
            send_wakeups(self.queue, [(after.id, after.priority, 0, after.tenant)])

    def report(  # noqa: PLR0917 - what is known of an end
        self, child: Instance, parent_id: str, status: str, output: Any, reason: Any, number: int
    ) -> None:
        """Tell the parent how its child has ended."""
        error = None
        if status != "COMPLETED":
            why = (reason or {}).get("message", "")
            said = f"instance {child.id} of {child.workflow_id} is {status}: {why}"
            error = ErrorInfo("ChildWorkflowError", said, "child_failed" if status == "FAILED" else "child_cancelled")
        if child.root is None and output is not None:
            output = self._moved(resolved(self.blobs, output, child.id), parent_id)
        fact = ChildEnded(child.id, status, self.clock.now(), output, error, number)
        self._post(parent_id, fact, child.tenant, child.priority)

    def _moved(self, output: Any, parent_id: str) -> Any:
        """A large result becomes the parent's own."""
        encoded = msgspec.json.encode(output)
        if len(encoded) <= self.inline_limit:
            return output
        parent = self.instances.get(parent_id)
        begin = parent_id if parent is None else parent.blob_prefix
        blob_id = content_id(f"{begin}/child", encoded)
        self.blobs.put({blob_id: encoded})
        return make_ref(blob_id, len(encoded))

    def _post(self, parent_id: str, fact: ChildEnded, tenant: str, priority: int) -> None:
        entry = InboxEntry(f"child:{fact.child}:{fact.number}", encode_fact(fact))
        if self.instances.post([Post(parent_id, entry, (fact.child,))]):
            send_wakeups(self.queue, [(parent_id, priority, 0, tenant)])


_TOO_DEEP = "it would be the {}th instance below the first; workflows that start each other must come to an end"
