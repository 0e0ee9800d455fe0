"""``||``, ``&&``, ``??``, ``!``, ``? :`` and null tests, operand by operand.

Where all operands are booleans, an operand that fails does not matter if another one decides: that is CEL's rule, and
holds here too, so that it makes no difference whether one program evaluates the whole or each operand its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactory.definition.language.evaluation import BudgetExceededError, Evaluation
from reactory.definition.language.leaf import Closure
from reactory.definition.language.resolution import UnresolvedReferenceError
from reactory.definition.language.values import truthy
from reactory.exceptions import ExpressionError


def once(make: Callable[[], Closure]) -> Callable[[], Closure]:
    """Makes the closure when it is first needed. Two threads may both make it: that only costs time."""
    made: list[Closure] = []

    def get() -> Closure:
        if not made:
            made.append(make())
        return made[0]

    return get


def absent_is_null(operand: Closure) -> Closure:
    def run(evaluation: Evaluation) -> Any:
        try:
            return operand(evaluation)
        except UnresolvedReferenceError:
            return None

    return run


def is_present(operand: Closure) -> Closure:
    def run(evaluation: Evaluation) -> bool:
        try:
            operand(evaluation)
        except UnresolvedReferenceError:
            return False
        return True

    return run


def either(operands: tuple[tuple[Closure, bool], ...]) -> Closure:
    """``||``: the first true operand, else the last. Each comes with whether it is boolean, and may fail then."""

    def run(evaluation: Evaluation) -> Any:
        value, failure = None, None
        for operand, boolean in operands:
            try:
                value = operand(evaluation)
            except BudgetExceededError:
                raise
            except ExpressionError as error:
                if not boolean:
                    raise
                failure = failure or error
                continue
            if truthy(value):
                return value
        if failure is not None:
            raise failure
        return value

    return run


def both(operands: tuple[Closure, ...], *, boolean: bool) -> Closure:
    """``&&``: the first operand that is not true, else the last."""
    return _both_boolean(operands) if boolean else _both_of_any_type(operands)


def _both_boolean(operands: tuple[Closure, ...]) -> Closure:
    def run(evaluation: Evaluation) -> Any:
        failure = None
        for operand in operands:
            try:
                if operand(evaluation) is False:
                    return False
            except BudgetExceededError:
                raise
            except ExpressionError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return True

    return run


def _both_of_any_type(operands: tuple[Closure, ...]) -> Closure:
    def run(evaluation: Evaluation) -> Any:
        value = None
        for operand in operands:
            value = operand(evaluation)
            if not truthy(value):
                break
        return value

    return run


def first_present(operands: tuple[Closure, ...]) -> Closure:
    """``??``: the first operand that is not null."""

    def run(evaluation: Evaluation) -> Any:
        for operand in operands:
            value = operand(evaluation)
            if value is not None:
                return value
        return None

    return run


def conditional(condition: Closure, then: Closure, otherwise: Closure) -> Closure:
    def run(evaluation: Evaluation) -> Any:
        return then(evaluation) if truthy(condition(evaluation)) else otherwise(evaluation)

    return run


def negation(operand: Closure) -> Closure:
    return lambda evaluation: not truthy(operand(evaluation))


def null_test(operand: Closure, *, equal: bool) -> Closure:
    return lambda evaluation: (operand(evaluation) is None) is equal
