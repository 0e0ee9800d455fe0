"""One decision: look at what is there, or guess it, and change it on condition that it was as seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from reactory.adapters.counters.table import Change, Changeable, Item
from reactory.exceptions import CountersUnavailableError

Outcome = TypeVar("Outcome")

ATTEMPTS = 10
"""A lost race shows what has won it, so that the next attempt begins where others stopped. Nobody loses ten in good order."""


@dataclass(frozen=True, slots=True)
class Settled(Generic[Outcome]):
    """There is nothing to write."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Move(Generic[Outcome]):
    """``change`` makes ``outcome`` true. Its guard names what the outcome depends on, and nothing else."""

    change: Change
    outcome: Outcome


Plan = Callable[[Item | None], "Settled[Outcome] | Move[Outcome]"]
"""From an item (None: there is none) to what is to be done about it. Called again when it was not so."""


def decide(table: Changeable, key: str, seen: Item | None, plan: Plan[Outcome]) -> Outcome:
    """``seen`` may be a guess: a wrong one costs a second update, never a wrong decision."""
    for _ in range(ATTEMPTS):
        step = plan(seen)
        if isinstance(step, Settled):
            return step.outcome
        changed = table.change(key, step.change)
        if changed.done:
            return step.outcome
        seen = changed.item
    raise CountersUnavailableError(
        f"The counter {key!r} was changed by others {ATTEMPTS} times in a row; nothing was counted. Ask again."
    )
