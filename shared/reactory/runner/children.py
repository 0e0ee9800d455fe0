"""Children of instances go through the same start as everything else (WR-1)."""

from __future__ import annotations

from reactory.exceptions import ReactoryError
from reactory.host.children import ChildOrder, Starter
from reactory.runner.request import Kin, StartRequest
from reactory.runner.start import StartWorkflow


def child_starter(start: StartWorkflow) -> Starter:
    """What the host calls to start the children that instances ask for."""

    def run(order: ChildOrder) -> None:
        kin = Kin(
            id=order.id,
            parent=order.parent,
            root=order.root,
            depth=order.depth,
            fragment=order.fragment,
            rules=order.rules,
        )
        request = StartRequest(
            workflow=order.workflow,
            version=order.version,
            data=order.input,
            mode="workflow",
            trigger_id=order.parent,
            caller=order.parent,
            priority=order.priority,
            correlation_id=order.correlation_id,
            tenant=order.tenant,
            kin=kin,
        )
        outcome = start.start_many([request])[0]
        if isinstance(outcome, ReactoryError):
            raise outcome

    return run
