"""Leaves: the parts of a tree that one CEL program evaluates. References, and whatever CEL shall not do, are variables.

Two things are tried when CEL does not know an operator for the types at hand: the same program with all its numbers as
doubles (JSON's integers and doubles mix, CEL's do not), and, where ``&&`` and ``||`` are inside, the evaluation of
their operands one by one (``instead``), which evaluates only what is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from reactory.definition.language import engine, literals, values
from reactory.definition.language.evaluation import MAX_TEXT, BudgetExceededError, Evaluation
from reactory.definition.language.syntax import Constant
from reactory.exceptions import ExpressionError

if TYPE_CHECKING:
    from cel_expr_python import cel

Closure = Callable[[Evaluation], Any]

_LONG = 4096


class Piece:
    """A variable in a leaf's text."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


Part = str | Constant | Piece

Casts = tuple[tuple[str, str], ...]
"""The variables that are times in this evaluation, with the function that makes a time of their text."""


class Leaf:
    """``parts`` is the program's text: as it stands, as a literal or as a variable. ``getters`` bind the variables."""

    __slots__ = ("_cost", "_doubles", "_getters", "_grows", "_instead", "_parts", "_program", "_variants")

    def __init__(
        self, parts: tuple[Part, ...], getters: Mapping[str, Closure], instead: Callable[[], Closure] | None
    ) -> None:
        self._parts = parts
        self._getters = tuple(getters.items())
        self._cost = 4 + len(parts)
        self._grows = 1 + sum(1 for part in parts if part == " + ")
        self._instead = instead
        self._variants: dict[tuple[bool, Casts], cel.Expression] = {}
        self._doubles = False
        self._program = self._first_program()  # None: only in pieces

    def run(self, evaluation: Evaluation) -> Any:
        """The value."""
        program = self._program
        if program is None:
            return self._in_pieces(evaluation)
        evaluation.spend(self._cost)
        try:
            data = {name: _bind(get(evaluation), evaluation) for name, get in self._getters}
        except BudgetExceededError:
            raise
        except ExpressionError:
            if self._instead is None:
                raise
            return self._in_pieces(evaluation)
        if self._grows > 1:
            self._limit(data, evaluation)
        casts: Casts = _casts(data) if evaluation.temporal else ()
        if casts:
            program = self._variant(doubles=self._doubles, casts=casts)
            data = {name: _unwrapped(value) for name, value in data.items()}
        try:
            value = engine.evaluate(program, data)
        except engine.CelError as error:
            value = self._again(data, casts, error, evaluation)
        kind = type(value)
        return value if kind is bool or kind is int or kind is str else values.from_cel(value, evaluation)

    def _in_pieces(self, evaluation: Evaluation) -> Any:
        assert self._instead is not None
        return self._instead()(evaluation)

    def _again(self, data: Mapping[str, Any], casts: Casts, error: engine.CelError, evaluation: Evaluation) -> Any:
        if self._instead is not None:
            return self._in_pieces(evaluation)
        if not error.mismatch:
            raise error
        try:
            program = self._variant(doubles=True, casts=casts)
            return engine.evaluate(program, {name: values.with_doubles(value) for name, value in data.items()})
        except engine.CelError:
            raise error from None

    def _limit(self, data: Mapping[str, Any], evaluation: Evaluation) -> None:
        """Joining can only make as much as there are operands, each as large as the largest."""
        size = sum(len(value) for value in data.values() if isinstance(value, str | list | bytes))
        if size > _LONG:
            if size * self._grows > MAX_TEXT * 4:
                raise BudgetExceededError(
                    "the texts or lists are too long to be joined here: do it in a step of your own"
                )
            evaluation.grow(size)

    # --- programs ------------------------------------------------------------------------------------------------

    def _first_program(self) -> cel.Expression | None:
        try:
            return self._variant(doubles=False, casts=())
        except engine.CelError as error:
            if not error.mismatch:
                raise
            if self._instead is not None:
                self._instead()  # says which piece is wrong, if one is
                return None
            self._doubles = True
            try:
                return self._variant(doubles=True, casts=())
            except engine.CelError:
                raise error from None

    def _variant(self, *, doubles: bool, casts: Casts) -> cel.Expression:
        key = (doubles, casts)
        program = self._variants.get(key)
        if program is None:
            text = "".join(_spelt(part, dict(casts), doubles=doubles) for part in self._parts)
            program = self._variants[key] = engine.compile_program(text, len(self._getters))
        return program


class _Temporal:
    """A time or a duration on its way into a program."""

    __slots__ = ("cast", "text")

    def __init__(self, value: datetime | timedelta) -> None:
        self.cast = "timestamp" if isinstance(value, datetime) else "duration"
        self.text = values.cel_text(value)


def _bind(value: Any, evaluation: Evaluation) -> Any:
    kind = type(value)
    if kind is bool or kind is float or value is None:
        return value
    if evaluation.temporal and isinstance(value, datetime | timedelta):
        return _Temporal(value)
    return values.to_cel(value, evaluation)


def _casts(data: Mapping[str, Any]) -> Casts:
    return tuple((name, value.cast) for name, value in data.items() if isinstance(value, _Temporal))


def _unwrapped(value: Any) -> Any:
    return value.text if isinstance(value, _Temporal) else value


def _spelt(part: Part, casts: Mapping[str, str], *, doubles: bool) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Constant):
        return literals.spell(part.value, doubles=doubles, unsigned=part.unsigned)
    cast = casts.get(part.name)
    return f"{cast}({part.name})" if cast else part.name
