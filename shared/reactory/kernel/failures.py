"""What a failure does: another attempt, a failed step, a stuck block, a failed instance (WH-14, YF-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import JoinConfig, SagaConfig
from reactory.kernel import nodes, paths, strategies, timers, tree, undo
from reactory.kernel.effects import AttemptFailed
from reactory.kernel.facts import ErrorInfo
from reactory.kernel.severity import severity_of
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

MAX_INTERRUPTIONS = 5
"""How often the process may vanish under one attempt before the step itself is held responsible."""


def attempt_failed(machine: Machine, path: str, live: NodeState, error: ErrorInfo) -> None:
    """An attempt failed: sleep and try again, or the step has failed."""
    node = machine.node(path)
    live.error = error
    seq, now = machine.state.seq, machine.state.now
    machine.effects.append(AttemptFailed(seq, path, node.id, live.attempt, error, now, live.generation))
    seed = f"{machine.context.instance_id}/{path}/{live.attempt}"
    pause = strategies.pause(machine.context.rules, node, live, error, seed)
    if pause is None:
        node_failed(machine, path, live, error)
        return
    live.refreshed = live.refreshed or error.category == "permission"
    live.timeouts += error.category == "timeout"
    live.status = "SLEEPING"
    live.due = machine.state.now + pause


def interrupt_running(machine: Machine) -> None:
    """The last owner vanished: what it was running is run again, or has failed (WH-1, WH-19)."""
    for path, live in list(machine.state.live.items()):
        if machine.state.live.get(path) is not live:
            continue  # dropped for what became of another one
        if not live.has_body_running:
            continue
        live.interruptions += 1
        once = machine.node(path).execution == "at_most_once"
        if once or live.interruptions > MAX_INTERRUPTIONS:
            live.interruptions = 0
            attempt_failed(machine, path, live, _interruption(path, once=once))
        elif machine.state.status == "RUNNING":
            machine.run_step(path, live)


def running(machine: Machine) -> dict[str, NodeState]:
    """The steps whose body runs, as far as the state knows."""
    found = machine.state.live.items()
    return {path: live for path, live in found if live.has_body_running}


def _interruption(path: str, *, once: bool) -> ErrorInfo:
    message = (
        f"the process that ran step '{path}' vanished; it may or may not have taken effect, and it may run only once: "
        "check the outside world, then retry or cancel the instance"
        if once
        else f"the process vanished {MAX_INTERRUPTIONS + 1} times while it ran step '{path}': "
        "look for memory exhaustion or a crash in the step's code"
    )
    # machines vanish for reasons of their own: what may run again gets the rest of its attempts
    return ErrorInfo("StepInterruptedError", message, "step_interrupted", "system", retryable=not once)


def node_failed(machine: Machine, path: str, live: NodeState, error: ErrorInfo) -> None:
    """A node has failed for good: go on without it, or let the nearest error policy decide."""
    node = machine.node(path)
    live.error, live.due, live.deadline, live.phase = error, None, None, ""
    if node.continue_on_error:
        for key in list(tree.child_keys(machine, path)):
            tree.drop_block(machine, key)
        machine.complete(path, live, "FAILED", {"error": error_view(error)})
        return
    if not live.attempt or live.ended:  # a failed attempt stands in the history as its fact
        machine.record("step", path, node.type, "FAILED", started=live.started, error=error)
    if undo.inside(machine, live.block):
        _suspend(machine, path, live, "compensation_failed")
        return
    match node.error_policy:
        case "suspend":
            _suspend(machine, path, live, "suspended")
        case "compensate" if node.compensate_with is not None and undo.enclosing_saga(machine, live.block) is None:
            undo.undo_step(machine, path, live, {"error": error_view(error)})
        case "terminate":
            live.status = "PENDING"  # nothing of it runs any more: it is frozen like all the others, then has failed
            tree.freeze(machine, [""])
            live.status = "FAILED"
            machine.fail_instance("terminated", explain(path, live), node.id)
        case _:
            progress = _count_failed(machine, live)
            if progress == 0:
                block_stuck(machine, live.block)


def _suspend(machine: Machine, path: str, live: NodeState, code: str) -> None:
    """Leave it to an operator; ``resume`` runs the step again."""
    live.status = "SUSPENDED"
    if machine.state.status == "RUNNING":
        reason = {"code": code, "message": explain(path, live), "stepId": machine.node(path).id}
        machine.set_status("PAUSED", reason)
        timers.stop(machine.state)


def _count_failed(machine: Machine, live: NodeState) -> int:
    """Note in the block that a node failed; how many of its nodes can still go on."""
    live.status = "FAILED"
    progress = machine.state.blocks[live.block]
    progress.open -= 1
    progress.failed += 1
    return progress.open


def block_stuck(machine: Machine, key: str) -> None:
    """Nothing in the block can go on: its container has failed there, or the instance has."""
    machine.state.blocks[key].joins = {}
    if key:
        nodes.child_failed(machine, paths.container(key), key)
        return
    path = _culprit(machine)
    live = machine.state.live[path]
    invalid = live.error is not None and live.error.category == "validation"
    code, text = ("manual_intervention", _ask_for_input) if invalid else ("dead_lettered", explain)
    machine.fail_instance(code, text(path, live), machine.node(path).id)


def _culprit(machine: Machine) -> str:
    """The failed step to be named: the first that failed by itself, not for what failed inside of it."""
    failed = [path for path, live in machine.state.live.items() if live.status == "FAILED"]
    by_itself = [path for path in failed if not machine.state.live[path].failed]
    return (by_itself or failed or list(machine.state.live))[0]


def container_stuck(machine: Machine, path: str, live: NodeState) -> None:
    """No block of a container can go on: it fails with the first error found below it."""
    node_failed(machine, path, live, first_error(machine, path))


def first_error(machine: Machine, path: str) -> ErrorInfo:
    """The first error found below a container."""
    return next(
        (
            inner.error
            for key in tree.child_keys(machine, path)
            for below in tree.below(machine, key)
            if (inner := machine.state.live[below]).status == "FAILED" and inner.error is not None
        ),
        ErrorInfo("StepError", f"a step inside of '{path}' failed"),
    )


def container_timed_out(machine: Machine, path: str, live: NodeState) -> None:
    """A container ran longer than its ``timeout``: stop all below it. A saga then undoes its body."""
    node = machine.node(path)
    limit = tree.time_limit(node)
    tree.freeze(machine, list(tree.child_keys(machine, path)))
    tree.stop(machine, path, live)
    message = f"'{path}' was not through after its timeout of {limit} ms"
    error = ErrorInfo("StepTimeoutError", message, "step_timeout", "timeout")
    if isinstance(node.config, SagaConfig) and node.config.policy == "compensate" and not live.choice:
        nodes.compensate(machine, path, live, error)
    else:
        node_failed(machine, path, live, error)


def join_timed_out(machine: Machine, key: str, index: int) -> None:
    """A join has waited longer than its ``timeout`` for enough of its steps: it fails, and is through with waiting."""
    block, progress = machine.block(key), machine.state.blocks[key]
    node = block.nodes[index]
    machine.enter(key, index)
    path = paths.prefix(key) + node.id
    live = machine.state.live[path]
    live.started, live.choice = machine.state.now, tree.TIMED_OUT
    rule = node.config.rule if isinstance(node.config, JoinConfig) else None
    message = f"join '{path}' waited longer than its timeout of {rule.timeout if rule else 0} ms"
    if node.continue_on_error:
        progress.gone.append(index)  # what comes too late finds it gone
    node_failed(machine, path, live, ErrorInfo("StepTimeoutError", message, "step_timeout", "timeout"))


def explain(path: str, live: NodeState) -> str:
    """Which step, which attempt, why, and what to do."""
    error = live.error or ErrorInfo("StepError", "unknown")
    tries = f" after {live.attempt} attempt{'s' if live.attempt != 1 else ''}" if live.attempt else ""
    return (
        f"step '{path}' failed{tries}: {_what(error)}. Fix the cause, then retry the instance: finished steps are kept"
    )


def _ask_for_input(path: str, live: NodeState) -> str:
    """As ``explain``, for an error that no other attempt would cure (EH-4)."""
    error = live.error or ErrorInfo("StepError", "unknown")
    return (
        f"step '{path}' cannot work with what it was given: {_what(error)}. Nothing was tried again. Correct the cause, "
        f"then retry the instance, with corrected input for the step if it needs other: finished steps are kept"
    )


def _what(error: ErrorInfo) -> str:
    """The message with its type, once, and the place in the code if it is known."""
    message = error.message.rstrip(". ")
    text = message if message.startswith(error.type) else f"{error.type}: {message}"
    return text if error.where is None else f"{text} ({error.where})"


def error_view(error: ErrorInfo) -> dict[str, Any]:
    """An error as expressions see it."""
    return {"type": error.type, "message": error.message, "code": error.code, "category": error.category}


def shown_error(error: ErrorInfo) -> dict[str, Any]:
    """An error as clients see it: with its severity (EH-14)."""
    return error_view(error) | {"severity": severity_of(error.category)}
