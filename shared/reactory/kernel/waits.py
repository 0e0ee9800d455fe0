"""What an instance waits for from outside: opened by a node, satisfied by a fact, closed with its node (WH-9 to WH-13).

An event satisfies every wait that is open when it arrives and matches. It is consumed then: a wait that is opened later is
not satisfied by it. Whoever sends events looks at what was consumed before; the state remembers the latest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.program import WaitEventConfig
from reactory.kernel import failures
from reactory.kernel.effects import CancelChild, ItemChanged, LookAgain, Spill
from reactory.kernel.facts import Answered, ErrorInfo, EventArrived
from reactory.kernel.state import NodeState, State, Wait

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

REMEMBERED = 200
"""Consumed events that the state itself remembers; when there are more, the older half moves out of it."""

SIGNAL = "@"
"""An event with the key ``@<instance id>`` is for that instance only, whatever key its waits ask for."""


def new_id(machine: Machine) -> str:
    """The id of the next wait of this instance."""
    machine.state.opened += 1
    return f"{machine.context.instance_id}.{machine.state.opened}"


def open_wait(machine: Machine, path: str, live: NodeState, wait: Wait, timeout: int | None) -> None:
    """The node waits from now on, for at most ``timeout`` milliseconds."""
    machine.record("step", path, machine.node(path).type, "WAITING", id=wait.id, attempt=live.attempt)
    wait.opened, wait.at = machine.state.seq, machine.state.now
    live.status, live.phase, live.wait = "WAITING", "", wait
    limits = [limit for limit in (timeout, machine.node(path).timeout) if limit is not None]
    live.deadline = machine.state.now + min(limits) if limits else None


def matches(wait: Wait, event: EventArrived, instance_id: str) -> bool:
    """Whether the wait asks for such an event."""
    if wait.kind != "event" or wait.name != event.name or event.time < wait.since:
        return False
    if event.key.startswith(SIGNAL):
        return event.key == SIGNAL + instance_id
    return wait.key is None or wait.key == event.key


def event_arrived(machine: Machine, fact: EventArrived) -> None:
    """Every open wait that matches is satisfied."""
    state = machine.state
    waiting = [(path, live, live.wait) for path, live in state.live.items() if live.wait is not None]
    found = [one for one in waiting if matches(one[2], fact, machine.context.instance_id)]
    if fact.id in state.consumed:
        found = []
    known = fact.spills >= state.spills
    status = "" if found and known else "IGNORED"
    number = state.seq
    machine.record("event", status=status, id=fact.id, action=fact.name, key=fact.key, time=fact.time, output=fact.data)
    if not known:
        machine.effects += [LookAgain(wait.id) for _, _, wait in found]
        return
    for path, live, _ in found:
        _satisfy(machine, path, live, fact)
    if found:
        state.consumed.setdefault(fact.id, number)
        _bound(machine)


def _satisfy(machine: Machine, path: str, live: NodeState, fact: EventArrived) -> None:
    config = machine.node(path).config
    if isinstance(config, WaitEventConfig) and config.output_variable is not None:
        machine.state.variables[config.output_variable] = fact.data
    _end(machine, path, live, fact.data)


def _end(machine: Machine, path: str, live: NodeState, output: object) -> None:
    live.wait, live.deadline, live.due = None, None, None
    live.status, live.output, live.ended = "RUNNING", output, True
    machine.enqueue(path, "end")


def _bound(machine: Machine) -> None:
    """A loop of waits must not let the state grow: the older half of what was consumed moves out."""
    consumed = machine.state.consumed
    if len(consumed) <= REMEMBERED:
        return
    oldest = sorted(consumed, key=consumed.__getitem__)[: REMEMBERED // 2]
    machine.effects.append(Spill({event: consumed.pop(event) for event in oldest}))
    machine.state.spills += 1


def find(state: State, wait_id: str) -> tuple[str, NodeState] | None:
    """The node that waits under this id."""
    for path, live in state.live.items():
        if live.wait is not None and live.wait.id == wait_id:
            return path, live
    return None


def answered(machine: Machine, fact: Answered) -> None:
    """A person or a worker has answered; whoever comes too late is recorded and changes nothing."""
    found = find(machine.state, fact.wait)
    event = "answer" if fact.error is None else "failed"
    if found is None:
        machine.record(event, status="IGNORED", id=fact.wait, by=fact.by, error=fact.error, output=fact.output)
        return
    path, live = found
    kind, status = machine.node(path).type, "COMPLETED" if fact.error is None else "FAILED"
    machine.record(
        event,
        path,
        kind,
        status,
        attempt=live.attempt,
        started=live.started,
        id=fact.wait,
        by=fact.by,
        error=fact.error,
        output=fact.output,
    )
    if fact.error is None:
        _end(machine, path, live, fact.output)
    else:
        live.wait, live.deadline = None, None
        failures.attempt_failed(machine, path, live, fact.error)


def timed_out(machine: Machine, path: str, live: NodeState) -> None:
    """Nobody came in time (WH-12)."""
    wait, node = live.wait, machine.node(path)
    assert wait is not None
    waited = machine.state.now - wait.at
    if isinstance(node.config, WaitEventConfig) and node.config.on_timeout == "continue":
        if node.config.output_variable is not None:
            machine.state.variables[node.config.output_variable] = None
        _end(machine, path, live, {"timedOut": True})
        return
    what = {
        "event": "no event",
        "user": "nobody answered",
        "activity": "no worker answered",
        "child": "no end of child",
    }
    name = f" '{wait.name}'" if wait.name else ""
    error = ErrorInfo(
        "StepTimeoutError", f"'{path}' timed out: {what[wait.kind]}{name} within {waited} ms", "step_timeout", "timeout"
    )
    close(machine, live)
    if live.attempt:
        machine.record("failed", path, node.type, "FAILED", attempt=live.attempt, started=live.started, error=error)
    if wait.kind == "activity":
        failures.attempt_failed(machine, path, live, error)
    else:
        live.ended = False
        failures.node_failed(machine, path, live, error)


def close(machine: Machine, live: NodeState) -> None:
    """Nobody waits any more: a child is cancelled."""
    if live.wait is not None and live.wait.kind == "child":
        machine.effects.append(CancelChild(live.wait.id))
    live.wait, live.deadline = None, None


def escalate(machine: Machine, path: str, live: NodeState) -> None:
    """Nobody has answered for so long: somebody else is asked."""
    wait = live.wait
    assert wait is not None
    wait.assignee = live.choice
    machine.record("step", path, machine.node(path).type, "WAITING", id=wait.id, action="escalated", by=live.choice)
    machine.effects.append(ItemChanged(wait.id, live.choice))
