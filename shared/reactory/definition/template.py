"""Values with ``${…}`` holes: JSON of any shape, in whose strings an expression may stand.

A string that is one single hole takes the expression's value with its type; otherwise the parts are put together as
text, objects and lists as their JSON. ``$${`` stands for a literal ``${``. Keys of objects are never templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from reactory.definition.expression import Expression, Scope, compile_expression
from reactory.definition.language.tokens import MAX_SOURCE, scan
from reactory.exceptions import ExpressionError

__all__ = ["Template", "as_text", "compile_template"]

Render = Callable[[Scope], Any]

_MAX_DEPTH = 100
_EXACT = 2.0**53


class Template:
    """A compiled value. ``constant`` says that it has no hole; ``references``, ``required`` and ``roots`` are those of
    all its expressions (see Expression).
    """

    __slots__ = ("_render", "constant", "expressions", "references", "required", "roots")

    def __init__(self, render: Render, expressions: tuple[Expression, ...]) -> None:
        self._render = render
        self.expressions = expressions
        self.constant = not expressions
        self.references: tuple[tuple[str, ...], ...] = _united(each.references for each in expressions)
        self.required: tuple[tuple[str, ...], ...] = _united(each.required for each in expressions)
        self.roots: frozenset[str] = frozenset(chain[0] for chain in self.references)

    def render(self, scope: Scope) -> Any:
        """The value with every hole filled. What has no hole is shared between renderings: do not change it."""
        return self._render(scope)


def compile_template(value: Any) -> Template:
    """Compiles a value; raises ExpressionError with the place of the first hole that is wrong."""
    expressions: list[Expression] = []
    compiled = _compile(value, "", expressions, 0)
    if isinstance(compiled, _Fixed):
        fixed = compiled.value
        return Template(lambda _scope: fixed, ())
    return Template(compiled, tuple(expressions))


class _Fixed:
    """A part without a hole."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _united(parts: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(chain for part in parts for chain in part))


def _compile(value: Any, place: str, found: list[Expression], depth: int) -> Render | _Fixed:
    if isinstance(value, str):
        return _text(value, place, found)
    if depth > _MAX_DEPTH:
        raise ExpressionError(f"{place[:60]}…: nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        parts = {key: _compile(item, f"{place}.{key}", found, depth + 1) for key, item in value.items()}
        return _object(value, parts)
    if isinstance(value, list | tuple):
        items = [_compile(item, f"{place}[{index}]", found, depth + 1) for index, item in enumerate(value)]
        return _list(value, items)
    return _Fixed(value)


def _object(value: Mapping[Any, Any], parts: dict[Any, Render | _Fixed]) -> Render | _Fixed:
    if all(isinstance(part, _Fixed) for part in parts.values()):
        kept = {key: part.value for key, part in parts.items() if isinstance(part, _Fixed)}
        return _Fixed(value if type(value) is dict and _unchanged(value.values(), kept.values()) else kept)
    fixed = {key: part.value if isinstance(part, _Fixed) else None for key, part in parts.items()}
    renders = tuple((key, part) for key, part in parts.items() if not isinstance(part, _Fixed))

    def render(scope: Scope) -> dict[Any, Any]:
        made = fixed.copy()
        for key, part in renders:
            made[key] = part(scope)
        return made

    return render


def _list(value: list[Any] | tuple[Any, ...], parts: list[Render | _Fixed]) -> Render | _Fixed:
    if all(isinstance(part, _Fixed) for part in parts):
        kept = [part.value for part in parts if isinstance(part, _Fixed)]
        return _Fixed(value if type(value) is list and _unchanged(value, kept) else kept)
    return lambda scope: [part.value if isinstance(part, _Fixed) else part(scope) for part in parts]


def _unchanged(before: Any, after: Any) -> bool:
    return all(one is other for one, other in zip(before, after, strict=True))


# --- strings -----------------------------------------------------------------------------------------------------


def _text(text: str, place: str, found: list[Expression]) -> Render | _Fixed:
    if "${" not in text:
        return _Fixed(text)
    parts = _split(text, place)
    holes = [part for part in parts if isinstance(part, Expression)]
    if not holes:
        return _Fixed("".join(part for part in parts if isinstance(part, str)))
    found.extend(holes)
    if len(parts) == 1:
        return holes[0].evaluate
    return lambda scope: "".join(part if isinstance(part, str) else as_text(part.evaluate(scope)) for part in parts)


def _split(text: str, place: str) -> list[str | Expression]:
    """The literal parts and the holes, in order."""
    parts: list[str | Expression] = []
    literal, position = "", 0
    while (opening := text.find("${", position)) >= 0:
        if opening > position and text[opening - 1] == "$":
            literal += text[position : opening - 1] + "${"
            position = opening + 2
            continue
        literal += text[position:opening]
        if literal:
            parts.append(literal)
        literal = ""
        expression, position = _hole(text, opening, place)
        parts.append(expression)
    literal += text[position:]
    return [*parts, literal] if literal or not parts else parts


def _hole(text: str, opening: int, place: str) -> tuple[Expression, int]:
    try:
        end = _closing(text, opening)
        return compile_expression(text[opening + 2 : end].strip()), end + 1
    except ExpressionError as error:
        where = f"{place.removeprefix('.')}: " if place else ""
        raise ExpressionError(f"{where}{error.message}") from None


def _closing(text: str, opening: int) -> int:
    _, end = scan(text, opening + 2)
    if end < 0:
        raise ExpressionError(_unclosed(text, opening))
    return end


def _unclosed(text: str, opening: int) -> str:
    shown = text[opening : opening + 40]
    if len(text) - opening > MAX_SOURCE:
        return f"the hole {shown!r}… is not closed within {MAX_SOURCE} characters"
    return f"the hole {shown!r} is not closed: add '}}', or write $${{ for a literal ${{"


def as_text(value: Any) -> str:
    """How a value stands in a text: itself, true, false, null, a number without a trailing ``.0``, or JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return msgspec.json.encode(value).decode()
