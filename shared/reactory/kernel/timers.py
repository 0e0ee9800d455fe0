"""Timers of an instance: when it next needs time, and what fires when time has come (WH-6, WH-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.kernel import failures, nodes, waits
from reactory.kernel.state import State

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def next_timer(state: State) -> int | None:
    """The earliest time at which something is due, None if nothing is. A paused instance's time stands still."""
    if state.status != "RUNNING":
        return None
    times = [] if state.deadline is None else [state.deadline]
    for live in state.live.values():
        if live.due is not None:
            times.append(live.due)
        if live.deadline is not None:
            times.append(live.deadline)
    for progress in state.blocks.values():
        if progress.joins:
            times += progress.joins.values()
    return min(times, default=None)


def stop(state: State) -> None:
    """The instance is paused: from here its time stands still."""
    state.paused = state.now


def go_on(state: State) -> None:
    """The pause is over: what had so much time left has it still. Delays and back-offs go by the world's clock."""
    lasted = 0 if state.paused is None else state.now - state.paused
    state.paused = None
    if state.deadline is not None:
        state.deadline += lasted
    for live in state.live.values():
        if live.deadline is not None:
            live.deadline += lasted
    for progress in state.blocks.values():
        for index in progress.joins:
            progress.joins[index] += lasted


def fire(machine: Machine) -> None:
    """Fire every timer that is due at the machine's ``now``, the earliest first."""
    state = machine.state
    if state.status != "RUNNING":
        return
    if state.deadline is not None and state.deadline <= state.now:
        reason = {"code": "maximum_duration", "message": "Maximum duration exceeded", "stepId": None}
        machine.end_instance("CANCELLED", reason)
        return
    due = [(live.due, path) for path, live in state.live.items() if live.due is not None and live.due <= state.now]
    for _, path in sorted(due):
        _wake(machine, path)
    late = [(n.deadline, p) for p, n in state.live.items() if n.deadline is not None and n.deadline <= state.now]
    for _, path in sorted(late):
        live = state.live.get(path)
        if live is None or live.deadline is None or live.deadline > state.now:
            continue
        if live.wait is not None:
            waits.timed_out(machine, path, live)
        else:
            failures.container_timed_out(machine, path, live)
    for key, progress in list(state.blocks.items()):
        for index in [index for index, until in progress.joins.items() if until <= state.now]:
            if state.status == "RUNNING" and state.blocks.get(key) is progress and index in progress.joins:
                failures.join_timed_out(machine, key, int(index))


def _wake(machine: Machine, path: str) -> None:
    """A delay is over, or the pause before another attempt."""
    live = machine.state.live.get(path)
    if live is not None and live.due is not None:
        live.due = None
        nodes.wake(machine, path, live)
