"""One place of a step that holds an expression or a template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from reactory.definition.location import Path


class Slot(NamedTuple):
    """``path`` is relative to the step. A ``source`` is the path of a set_variable, already an expression.

    ``names`` are those that the step itself gives to this expression, as an item or the result of another one.
    """

    path: Path
    kind: Literal["expression", "template"]
    value: Any
    names: frozenset[str] = frozenset()


def expression_slot(path: Path, value: Any, names: frozenset[str] = frozenset()) -> Iterator[Slot]:
    """A field that is an expression; nothing, when it is absent or of a wrong type, which its shape tells."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and value.strip()):
        yield Slot(path, "expression", value, names)


def hole_slots(path: Path, value: Any) -> Iterator[Slot]:
    """The texts in a value that may have a ``${…}``, each at its own path."""
    if isinstance(value, str):
        if "${" in value:
            yield Slot(path, "template", value)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from hole_slots((*path, number), item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from hole_slots((*path, key), item)
