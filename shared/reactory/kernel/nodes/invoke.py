"""invoke_workflow: another workflow, started and left alone, or waited for (WH-5, YF-7)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from reactory.definition.program import InvokeConfig, Node
from reactory.kernel import failures, paths, waits
from reactory.kernel.effects import RetryChild, StartChild
from reactory.kernel.facts import ChildEnded, ErrorInfo
from reactory.kernel.nodes import text
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState, Wait

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


TAKE_UP = "take up"
"""The choice of a step whose failed child an operator's retry takes up."""


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, InvokeConfig)
    workflow = text.name(config.workflow, scope, f"workflow of '{path}'")
    version = None if config.version is None else text.optional(config.version, scope, f"version of '{path}'")
    live.input = machine.context.whole(config.input.render(scope))
    live.config = {"workflow": workflow, "version": version}
    again(machine, path, node, live)


def again(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """Start a child: a first one, or another after one that has failed."""
    config = node.config
    assert isinstance(config, InvokeConfig)
    target, data = machine.context.deref(live.config), machine.context.whole(live.input)
    live.attempt += 1
    live.child = ""
    child = child_id(machine, f"{paths.execution(path, live.generation)}@{live.attempt}")
    machine.effects.append(StartChild(child, path, target["workflow"], target["version"], data))
    if config.wait:
        waits.open_wait(machine, path, live, Wait(child, "child", target["workflow"]), config.timeout)
    else:
        machine.conclude(path, live, {"instanceId": child, "status": "started", "data": None})


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """Another child after a failed one, or the failed one again when it is an operator who wants it."""
    if live.choice == TAKE_UP and live.child:
        live.choice = ""
        take_up(machine, path, node, live)
    else:
        again(machine, path, node, live)


def take_up(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """An operator's retry: the failed child keeps what it has finished, and goes on itself (LC-14)."""
    config = node.config
    assert isinstance(config, InvokeConfig)
    child, live.child = live.child, ""
    machine.effects.append(RetryChild(child))
    waits.open_wait(
        machine, path, live, Wait(child, "child", machine.context.deref(live.config)["workflow"]), config.timeout
    )


def child_id(machine: Machine, execution: str) -> str:
    """The same for the same execution, whoever starts it."""
    text_of_it = f"{machine.context.instance_id}/{execution}"
    return f"c{blake2b(text_of_it.encode(), digest_size=16).hexdigest()}"


def child_ended(machine: Machine, path: str, live: NodeState, fact: ChildEnded) -> None:
    """The child's result is the step's; its failure is an attempt's if the step asks for more of them."""
    node = machine.node(path)
    config = node.config
    assert isinstance(config, InvokeConfig)
    live.wait, live.deadline = None, None
    if fact.status == "COMPLETED":
        live.output = {"instanceId": fact.child, "status": fact.status, "data": fact.output}
        live.status, live.ended = "RUNNING", True
        machine.enqueue(path, "end")
        return
    error = fact.error or ErrorInfo("ChildWorkflowError", f"instance {fact.child} is {fact.status}", "child_failed")
    live.child = fact.child if fact.status == "FAILED" else ""
    if config.retried and error.retryable:
        failures.attempt_failed(machine, path, live, error)
    else:
        failures.node_failed(machine, path, live, error)
