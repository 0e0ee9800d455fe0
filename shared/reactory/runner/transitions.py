"""Which moves an operator may ask for (LC-1). The table of all moves is the kernel's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from reactory.exceptions import IllegalTransitionError
from reactory.kernel.facts import ControlAction
from reactory.kernel.state import TERMINAL

Status = Literal["PENDING", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED", "CLEANING_UP"]

STATUSES: tuple[Status, ...] = ("PENDING", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED", "CLEANING_UP")

FINISHED: frozenset[str] = TERMINAL | {"CLEANING_UP"}
"""An instance in one of these does nothing more by itself. FAILED is taken up again only by an explicit retry."""

UNFINISHED: tuple[Status, ...] = ("PENDING", "RUNNING", "PAUSED")

TARGETS: Mapping[ControlAction, Status] = {
    "pause": "PAUSED",
    "resume": "RUNNING",
    "cancel": "CANCELLED",
    "retry": "PENDING",
    "rewind": "RUNNING",
    "migrate": "RUNNING",
}

SOURCES: Mapping[ControlAction, frozenset[str]] = {
    "pause": frozenset({"PENDING", "RUNNING"}),
    "resume": frozenset({"PAUSED"}),
    "cancel": frozenset({"PENDING", "RUNNING", "PAUSED"}),
    "retry": frozenset({"FAILED"}),
    "rewind": frozenset({"RUNNING", "PAUSED", "FAILED"}),
    "migrate": frozenset({"PENDING", "RUNNING", "PAUSED", "FAILED"}),
}
"""Narrower than the kernel's table where a move is not the operator's: PENDING becomes RUNNING by itself, not by a resume.

A pause of a PENDING instance is two moves, PENDING → RUNNING → PAUSED: its first step may be running already, which is
not stored before it ends (WH-17).
"""

_HINTS: Mapping[ControlAction, str] = {
    "pause": "only an instance that has neither finished nor been paused can be paused",
    "resume": "only a paused instance can be resumed; a failed one is taken up again with retry",
    "cancel": "a finished instance stays as it is",
    "retry": "only a failed instance can be retried; a paused one is continued with resume",
    "rewind": "only an instance that has begun and is not over can go back; fork begins a new one from an old one",
    "migrate": "an instance that is over stays on its version",
}


def check_transition(instance_id: str, action: ControlAction, status: str) -> None:
    """Raises IllegalTransitionError, which names both states, unless ``action`` may be applied in ``status``."""
    target = TARGETS[action]
    if status not in SOURCES[action]:
        raise IllegalTransitionError(
            f"instance {instance_id} is {status} and cannot become {target} by {action}: {_HINTS[action]}",
        )
