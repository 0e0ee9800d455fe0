"""One evaluation of one expression: its scope, the variables of the comprehensions around, and what it may still spend.

The budget counts work in units that are deterministic, so that the same facts always give the same result: a clock would not.
"""

from __future__ import annotations

from typing import Any, Final

from reactory.definition.language.resolution import Scope
from reactory.exceptions import ExpressionError

BUDGET: Final = 1_000_000
"""Roughly: elements visited, nodes evaluated, 64 characters copied. Spending it all takes about a second."""

MAX_TEXT: Final = 4_000_000
"""No expression makes a longer text or list than this, in characters or elements."""


class BudgetExceededError(ExpressionError):
    """The expression was stopped. Never taken as "absent": ``||`` does not catch it."""


class Evaluation:
    """``temporal`` says that a value came out of CEL that JSON does not have (a time, bytes, an infinite number);
    ``built`` that lists or objects were made here, which may hold the same thing many times.
    """

    __slots__ = ("budget", "built", "locals", "scope", "temporal")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.locals: dict[str, Any] = {}
        self.budget = BUDGET
        self.temporal = False
        self.built = False

    def spend(self, units: int) -> None:
        self.budget -= units
        if self.budget < 0:
            raise BudgetExceededError(
                "the expression takes too long on these data and was stopped: work on fewer elements,"
                " or do it in a step of your own"
            )

    def grow(self, size: int) -> None:
        """Before something of this size is made."""
        if size > MAX_TEXT:
            raise BudgetExceededError(
                f"the expression would make a value of size {size}, more than {MAX_TEXT}: do it in a step of your own"
            )
        self.spend(size >> 6)
