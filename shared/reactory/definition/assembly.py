"""Templates put together from other templates, for configs in which some parts are expressions and some are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reactory.definition.expression import Expression, Scope, UnresolvedReferenceError
from reactory.definition.language.resolution import resolve
from reactory.definition.language.values import plain
from reactory.definition.template import Template


def fixed(value: Any) -> Template:
    """The value as it is, whatever stands in it."""
    return Template(lambda _scope: value, ())


def evaluated(expression: Expression) -> Template:
    return Template(expression.evaluate, (expression,))


def together(parts: Mapping[str, Template]) -> Template:
    """An object of these parts."""
    return Template(
        lambda scope: {key: part.render(scope) for key, part in parts.items()}, _expressions(parts.values())
    )


def in_order(parts: Sequence[Template]) -> Template:
    """A list of these parts."""
    return Template(lambda scope: [part.render(scope) for part in parts], _expressions(parts))


def captured(uses: Iterable[tuple[Expression, frozenset[str]]]) -> Template:
    """What the expressions refer to, as ``[[reference, value], …]``, for a body that evaluates them elsewhere.

    The names beside an expression are given to it there. What does not exist is left out.
    """
    chains = {chain: None for use, names in uses for chain in use.references if chain[0] not in names}

    def render(scope: Scope) -> list[list[Any]]:
        found = []
        for chain in chains:
            try:
                found.append([list(chain), plain(resolve(scope, chain[0], chain[1:]))])
            except UnresolvedReferenceError:
                continue
        return found

    return Template(render, ())


def _expressions(parts: Iterable[Template]) -> tuple[Expression, ...]:
    return tuple(expression for part in parts for expression in part.expressions)
