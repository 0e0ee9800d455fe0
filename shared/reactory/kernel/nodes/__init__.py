"""How each kind of node behaves: one file per kind, and the table that finds it.

A behaviour evaluates all that it needs before it changes anything, because a value that is kept out of line interrupts
it (``MissingValueSignal``) and it is then started again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reactory.definition.program import (
    ActivityConfig,
    BuiltinConfig,
    ConditionConfig,
    CustomConfig,
    DelayConfig,
    EmitEventConfig,
    EndConfig,
    ForEachConfig,
    InvokeConfig,
    JoinConfig,
    LogConfig,
    Node,
    ParallelConfig,
    RecurConfig,
    SagaConfig,
    ScheduleConfig,
    SetVariableConfig,
    StartConfig,
    SwitchConfig,
    TaskConfig,
    UserActivityConfig,
    WaitEventConfig,
    WhileConfig,
)
from reactory.kernel import tree, undo, waits
from reactory.kernel.facts import ChildEnded
from reactory.kernel.nodes import (
    activity,
    branching,
    delay,
    distributed,
    for_each,
    invoke,
    leaf,
    marks,
    parallel,
    recur,
    saga,
    schedule,
    variable,
    wait_event,
    while_loop,
)
from reactory.kernel.rules import BEFORE_PLAIN_KEYS
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

Start = Callable[["Machine", str, Node, NodeState, KernelScope], None]
GoOn = Callable[["Machine", str, Node, NodeState], None]
ChildMoved = Callable[["Machine", str, NodeState, str], None]

_START: dict[type, Start] = {
    StartConfig: marks.start_mark,
    EndConfig: marks.end_instance,
    JoinConfig: marks.join,
    TaskConfig: leaf.start,
    CustomConfig: leaf.start_custom,
    LogConfig: marks.log,
    SetVariableConfig: variable.start,
    ConditionConfig: branching.start_condition,
    SwitchConfig: branching.start_switch,
    ParallelConfig: parallel.start,
    ForEachConfig: for_each.start,
    WhileConfig: while_loop.start,
    DelayConfig: delay.start,
    ScheduleConfig: schedule.start,
    RecurConfig: recur.start,
    SagaConfig: saga.start,
    WaitEventConfig: wait_event.start,
    EmitEventConfig: wait_event.emit,
    ActivityConfig: activity.start,
    UserActivityConfig: activity.start_user,
    InvokeConfig: invoke.start,
    BuiltinConfig: leaf.start_builtin,
}

_GO_ON: dict[type, GoOn] = {
    ForEachConfig: for_each.go_on,
    WhileConfig: while_loop.go_on,
    ParallelConfig: parallel.go_on,
    RecurConfig: recur.go_on,
    SagaConfig: saga.go_on,
    ActivityConfig: activity.again,
    InvokeConfig: invoke.go_on,
}

_CHILD_DONE: dict[type, ChildMoved] = {
    ConditionConfig: branching.child_done,
    SwitchConfig: branching.child_done,
    ParallelConfig: parallel.child_done,
    ForEachConfig: for_each.child_done,
    WhileConfig: while_loop.child_done,
    RecurConfig: recur.child_done,
    ScheduleConfig: branching.child_done,
    SagaConfig: saga.child_done,
}

_CHILD_FAILED: dict[type, ChildMoved] = {
    ConditionConfig: branching.child_failed,
    SwitchConfig: branching.child_failed,
    ParallelConfig: parallel.child_failed,
    ForEachConfig: for_each.child_failed,
    WhileConfig: branching.child_failed,
    RecurConfig: branching.child_failed,
    ScheduleConfig: branching.child_failed,
    SagaConfig: saga.child_failed,
}


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """Begin a node whose condition holds."""
    _START[type(node.config)](machine, path, node, live, scope)


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """The next round of a container."""
    _GO_ON[type(node.config)](machine, path, node, live)


def child_done(machine: Machine, path: str, key: str) -> None:
    """A block of the container ``path`` is through."""
    config, live = machine.node(path).config, machine.state.live[path]
    if live.undoing is not None and not isinstance(config, SagaConfig):
        undo.step_undone(machine, path, live, key)
    else:
        _CHILD_DONE[type(config)](machine, path, live, key)


def child_ended(machine: Machine, path: str, live: NodeState, fact: ChildEnded) -> None:
    """An instance that this node has started has ended."""
    if fact.status == "FAILED":
        live.heard[fact.child] = fact.number
    else:
        live.heard.pop(fact.child, None)
    if isinstance(machine.node(path).config, ForEachConfig):
        distributed.child_ended(machine, path, live, fact)
    else:
        invoke.child_ended(machine, path, live, fact)


def taken_up(machine: Machine, path: str, live: NodeState) -> bool:
    """Whether a failed or frozen node is taken up in a way of its own, which is begun then."""
    config = machine.node(path).config
    match config:
        case InvokeConfig() if live.child:
            live.base, live.choice = live.attempt, invoke.TAKE_UP
        case ForEachConfig() if live.cursor and config.distributed and not distributed.is_part(machine, path):
            live.choice = distributed.TAKE_UP
            live.deadline = tree.deadline(machine, machine.node(path))
        case SagaConfig() if live.choice:
            live.status = "COMPENSATING"
            if not live.open:
                machine.enqueue(path, "next")
            return True
        case SagaConfig() if live.round and not (live.open or live.failed):
            live.round -= 1  # it slept before it was to begin anew
        case ScheduleConfig() if live.released and not live.cursor:
            live.status, live.due = "SLEEPING", machine.state.now
            return True
        case _ if live.undoing is not None:
            live.status = "COMPENSATING"
            return True
        case _:
            return False
    live.status = "RUNNING"
    machine.enqueue(path, "next" if not isinstance(config, SagaConfig) else "start")
    return True


part_output = distributed.part_output
cut_off = distributed.cut_off
compensate = saga.compensate


def wake(machine: Machine, path: str, live: NodeState) -> None:
    """The time has come that a node other than a plain step has set itself."""
    match machine.node(path).config:
        case DelayConfig():
            delay.wake(machine, path, live)
        case ScheduleConfig():
            schedule.wake(machine, path, live)
        case RecurConfig():
            recur.wake(machine, path, live)
        case SagaConfig():
            saga.wake(machine, path, live)
        case UserActivityConfig():
            waits.escalate(machine, path, live)
        case ActivityConfig() | InvokeConfig():
            live.status = "RUNNING"
            machine.enqueue(path, "next")
        case _:
            if live.hold is None:
                live.attempt += 1
                live.holds = 0
                if machine.context.rules.edition > BEFORE_PLAIN_KEYS:
                    live.interruptions = 0
            live.hold = None
            machine.run_step(path, live)


def child_failed(machine: Machine, path: str, key: str) -> None:
    """A block of the container ``path`` cannot go on."""
    _CHILD_FAILED[type(machine.node(path).config)](machine, path, machine.state.live[path], key)
