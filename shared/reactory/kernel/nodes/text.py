"""Rendered names and keys, which have to be texts."""

from __future__ import annotations

from typing import Any

from reactory.definition.expression import Expression
from reactory.definition.template import Template, as_text
from reactory.exceptions import ExpressionError
from reactory.kernel.scope import KernelScope


def name(template: Template, scope: KernelScope, what: str) -> str:
    """A text that is not empty. Raises ExpressionError that says ``what`` it is."""
    value = template.render(scope)
    if not isinstance(value, str) or not value:
        raise ExpressionError(f"{what} must be a non-empty string, not {value!r}")
    return value


LONGEST = 256
"""Characters of an event's name or key."""


def label(value: str, what: str) -> str:
    """A name or key of an event that can be published."""
    if len(value) > LONGEST or (value and not value.isprintable()):
        raise ExpressionError(f"{what} must be at most {LONGEST} printable characters, not {value[:40]!r}")
    return value


def optional(template: Template, scope: KernelScope, what: str) -> str | None:
    """A text, or None where there is none."""
    value = template.render(scope)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ExpressionError(f"{what} must be a string, not {value!r}")
    return value


def key(expression: Expression, scope: KernelScope, what: str) -> str:
    """The key of an event: a text as it is, a number or boolean as JSON writes it."""
    value: Any = expression.evaluate(scope)
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return as_text(value)
    raise ExpressionError(f"{what} must be a string, a number or a boolean, not {value!r}")
