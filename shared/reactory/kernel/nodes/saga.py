"""saga: steps that are undone when one of them fails, in strict reverse order of completion, one at a time (WH-15).

While the body runs, each finished step with something to undo is noted in the ``log`` of the nearest saga. A failure lets
what runs beside it finish; when nothing in the body can go on, the body is dropped and the log is worked off from its end,
the failed step first; then the saga's own ``compensate``. ``choice`` tells where the saga stands: empty = its body,
``undo`` = the log, ``compensate`` = its own block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.policy import RetryPolicy
from reactory.definition.program import Node, SagaConfig
from reactory.kernel import backoff, failures, paths, tree, undo
from reactory.kernel.facts import ErrorInfo
from reactory.kernel.nodes import container
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

_ONCE = RetryPolicy(max_attempts=1)


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    del scope  # nothing to evaluate
    config = node.config
    assert isinstance(config, SagaConfig)
    live.round += 1
    live.choice = ""
    live.open = live.failed = 0
    container.begin(machine, node, live)
    container.open_child(machine, live, f"{path}:steps", config.body)


def wake(machine: Machine, path: str, live: NodeState) -> None:
    """The pause before the saga begins anew is over. Its steps are run again, as executions of their own."""
    machine.state.generation += 1
    start(machine, path, machine.node(path), live, KernelScope(machine, live.block))


def child_done(machine: Machine, path: str, live: NodeState, key: str) -> None:
    live.open -= 1
    match live.choice:
        case "":
            machine.close_block(key)
            live.output, live.ended = {"compensated": False}, True
            machine.enqueue(path, "end")
        case "undo":
            undo.close(machine, live, key)
            machine.enqueue(path, "next")
        case _:
            machine.close_block(key)
            _undone(machine, path, live)


def child_failed(machine: Machine, path: str, live: NodeState, key: str) -> None:
    """The body cannot go on: undo it, unless what failed in it is to be left to an operator (errorPolicy retry)."""
    assert paths.container(key) == path
    container.fail_child(live)
    if any(policy != "compensate" for policy in _policies(machine, key)):
        failures.container_stuck(machine, path, live)
    else:
        compensate(machine, path, live, failures.first_error(machine, path))


def _policies(machine: Machine, key: str) -> list[str | None]:
    """The error policies of what has failed by itself below a block."""
    below = [(path, machine.state.live[path]) for path in tree.below(machine, key)]
    return [machine.node(path).error_policy for path, live in below if live.status == "FAILED" and not live.failed]


def compensate(machine: Machine, path: str, live: NodeState, error: ErrorInfo) -> None:
    """Give the body up and begin to undo it."""
    body = f"{path}:steps"
    live.error, live.due, live.deadline, live.phase = error, None, None, ""
    live.status, live.choice = "COMPENSATING", "undo"
    if body in machine.state.blocks:
        undo.note_unfinished(machine, live, body)
        tree.drop_block(machine, body)
    live.open = live.failed = 0
    live.log.sort(key=lambda done: done.order)
    machine.record("step", path, "saga", "COMPENSATING", started=live.started, error=error)
    machine.enqueue(path, "next")


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """The next that is to be undone; then the saga's own compensation."""
    config = node.config
    assert isinstance(config, SagaConfig)
    working_off = live.choice != "compensate" and not live.open
    last = undo.take_last(machine, live) if working_off else None  # may have to be loaded: nothing is changed before
    live.phase, live.status = "", "COMPENSATING"
    if live.open:
        return  # taken up again by an operator: what is being undone goes on by itself
    if live.choice == "compensate":
        _undone(machine, path, live)
        return
    if last is not None:
        live.undoing = last
        undo.open_undo(machine, path, live)
        return
    live.choice = "compensate"
    if config.undo is None:
        _undone(machine, path, live)
    else:
        container.open_child(machine, live, f"{path}:compensate", config.undo)


def _undone(machine: Machine, path: str, live: NodeState) -> None:
    """All is undone: begin anew if the saga has attempts left, else go on behind it."""
    policy = machine.context.rules.declared(machine.node(path)) or _ONCE
    error = live.error or ErrorInfo("StepError", "unknown")
    live.choice, live.phase = "", ""
    if backoff.may_retry(policy, _again(error), live.round):
        live.status = "SLEEPING"
        seed = f"{machine.context.instance_id}/{path}/{live.round}"
        live.due = machine.state.now + backoff.delay(policy, live.round, error.retry_after, seed)
        return
    machine.state.compensated = True
    output = {"compensated": True, "error": failures.error_view(error)}
    machine.complete(path, live, "COMPENSATED", output)


def _again(error: ErrorInfo) -> ErrorInfo:
    """A step's error that is not worth another attempt of the step may well be worth another of the whole."""
    return ErrorInfo(error.type, error.message, error.code, error.category, retryable=True)
