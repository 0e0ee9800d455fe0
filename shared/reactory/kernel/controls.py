"""An operator's pause, resume, cancel and retry (WH-17, LC-1, LC-14). A control that no longer fits changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reactory.exceptions import ConflictError
from reactory.kernel import surgery, timers, tree
from reactory.kernel.facts import Control

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def obey(machine: Machine, control: Control) -> None:
    """Carry out one control; who asked first wins, the other finds the instance moved on."""
    status = machine.state.status
    match control.action:
        case "pause" if status in ("PENDING", "RUNNING"):
            if status == "PENDING":
                machine.begin()
            reason = {"code": "paused", "message": control.reason or "paused by an operator", "by": control.by}
            machine.set_status("PAUSED", reason)
            timers.stop(machine.state)
        case "resume" if status == "PAUSED":
            _resume(machine)
        case "cancel" if status in ("PENDING", "RUNNING", "PAUSED"):
            reason = {"code": "cancelled", "message": control.reason or "cancelled by an operator", "by": control.by}
            machine.end_instance("CANCELLED", reason)
        case "retry" if status == "FAILED":
            _retry(machine, control)
        case "rewind" if status in ("RUNNING", "PAUSED", "FAILED"):
            _rewind(machine, control)
        case "migrate" if status in ("PENDING", "RUNNING", "PAUSED", "FAILED"):
            program = machine.context.programs[control.version, control.fingerprint]
            if not surgery.misfits(machine, program):
                surgery.migrate(machine, program)
        case _:
            return


def _rewind(machine: Machine, control: Control) -> None:
    """Back to a finished step. What has failed beside it is taken up again too."""
    try:
        key, index = surgery.find_finished(machine, control.step)
    except ConflictError:
        return  # it was, when it was asked for
    if machine.state.status == "FAILED":
        _take_up(machine)
    else:
        tree.thaw_around(machine, key)
    surgery.rewind(machine, key, index)


def _resume(machine: Machine) -> None:
    """Go on: suspended steps anew, held ones in their order, running ones again if nobody runs them any more."""
    machine.set_status("RUNNING")
    timers.go_on(machine.state)
    suspended = {path: live.block for path, live in machine.state.live.items() if live.status == "SUSPENDED"}
    for path in suspended:
        tree.thaw_below(machine, path)
    for path, live in list(machine.state.live.items()):
        if path in suspended:
            tree.restart(machine, path, live)
        elif live.has_body_running:
            machine.run_step(path, live)
    _see_who_is_stuck(machine, dict.fromkeys(suspended.values()))
    timers.fire(machine)


def _see_who_is_stuck(machine: Machine, keys: Iterable[str]) -> None:
    """A join that was suspended waits again; perhaps all that it waits for has failed meanwhile."""
    for key in keys:
        progress = machine.state.blocks.get(key)
        if progress is not None and progress.open == 0 and machine.state.status == "RUNNING":
            machine.check_block(key, progress)


def _retry(machine: Machine, control: Control) -> None:
    """Take the instance up again, the failed step with corrected input if it was given some (EH-4)."""
    if control.step or control.input is not None:
        try:
            path = surgery.find_failed(machine, control.step)
        except ConflictError:
            return  # it had failed, when it was asked for
        if control.input is not None:
            machine.state.live[path].given = control.input
    _take_up(machine)


def _take_up(machine: Machine) -> None:
    """Take the failed steps up again; what has finished stays finished."""
    state = machine.state
    state.finished = state.paused = None
    timeout = machine.context.timeout or machine.program.timeout
    state.deadline = state.now + timeout if timeout else None
    machine.set_status("PENDING")
    machine.set_status("RUNNING")
    tree.thaw(machine)
    if state.finishing:  # only the outputs could not be evaluated
        machine.queue.appendleft("")
