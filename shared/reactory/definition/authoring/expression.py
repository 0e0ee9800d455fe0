"""Values that will only exist when the workflow runs, as Python objects: operators on them make CEL text.

``input.total > 100`` is ``input.total > 100``, ``(a == 1) & ~b`` is ``a == 1 && !b``, and ``f"to {input.name}"`` is the
template ``to ${input.name}``. Parentheses are set where CEL needs them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from reactory.definition.authoring.literal import literal
from reactory.definition.authoring.typeview import UNKNOWN, TypeView, value_kind

# how tightly an expression binds, from the loosest
_CHOICE, _EITHER, _BOTH, _RELATION, _SUM, _PRODUCT, _UNARY, _MEMBER = range(8)

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = frozenset({"true", "false", "null", "undefined", "in"})
_BOOLEAN = TypeView({"type": "boolean"})
_RESULTS = {
    name: TypeView({"type": kind})
    for kind, names in {
        "string": "charAt join lowerAscii replace substring toLowerCase toUpperCase trim upperAscii",
        "integer": "indexOf lastIndexOf size",
        "array": "distinct filter flatten map sort split",
        "boolean": "all contains endsWith exists exists_one includes matches startsWith",
    }.items()
    for name in names.split()
}
"""What methods give."""


class Expression:
    """A value of the run. Its fields are its attributes, or its items where a name is none of Python's: ``order["from"]``.

    A field that is called is a method of the expression language: ``input.name.trim()``, ``lines.map(lambda line: line.price)``.
    """

    __slots__ = ("_level", "_name", "_target", "_text", "_view")

    _level: int
    _name: str
    _target: Expression | None
    _text: str
    _view: TypeView

    def __init__(
        self,
        text: str,
        level: int = _MEMBER,
        view: TypeView = UNKNOWN,
        *,
        target: Expression | None = None,
        name: str = "",
    ) -> None:
        self._text = text
        self._level = level
        self._view = view
        self._target = target
        self._name = name

    # --- as text -------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return f"${{{self._text}}}"

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(
                f"${{{self._text}}} is only known when the workflow runs: it cannot be formatted as {spec!r}"
            )
        return str(self)

    def __repr__(self) -> str:
        return f"<Expression {self._text}>"

    # --- fields and methods --------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("_"):
            raise AttributeError(f'{name}: a field whose name begins with _ is written value["{name}"]')
        return self[name]

    def __getitem__(self, key: Any) -> Expression:
        if isinstance(key, slice):
            raise TypeError("use slice(from, to), as in input.lines.slice(0, 3)")
        base = operand(self, _MEMBER)
        if isinstance(key, str) and "${" not in key:
            text = f"{base}.{key}" if _IDENTIFIER.match(key) and key not in _WORDS else f"{base}[{literal(key)}]"
            return Expression(text, _MEMBER, self._view.field(key), target=self, name=key)
        view = self._view.item() if self._view.kind == "array" else UNKNOWN
        return Expression(f"{base}[{literal(key)}]", _MEMBER, view)

    def __call__(self, *arguments: Any) -> Expression:
        if self._target is None or not _IDENTIFIER.match(self._name):
            raise TypeError(
                f"{self._text} is no method: only a field of a value can be called, as in input.name.trim()"
            )
        text = f"{operand(self._target, _MEMBER)}.{self._name}({_arguments(arguments)})"
        return Expression(text, view=_RESULTS.get(self._name, UNKNOWN))

    # --- operators -----------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        return _relation(self, "==", other)

    def __ne__(self, other: object) -> Any:
        return _relation(self, "!=", other)

    def __lt__(self, other: Any) -> Expression:
        return _relation(self, "<", other)

    def __le__(self, other: Any) -> Expression:
        return _relation(self, "<=", other)

    def __gt__(self, other: Any) -> Expression:
        return _relation(self, ">", other)

    def __ge__(self, other: Any) -> Expression:
        return _relation(self, ">=", other)

    def __and__(self, other: Any) -> Expression:
        return _logic("&&", _BOTH, self, other)

    def __rand__(self, other: Any) -> Expression:
        return _logic("&&", _BOTH, other, self)

    def __or__(self, other: Any) -> Expression:
        return _logic("||", _EITHER, self, other)

    def __ror__(self, other: Any) -> Expression:
        return _logic("||", _EITHER, other, self)

    def __invert__(self) -> Expression:
        return Expression(f"!{operand(self, _UNARY)}", _UNARY, _BOOLEAN)

    def __neg__(self) -> Expression:
        return Expression(f"-{operand(self, _MEMBER)}", _UNARY, self._view)

    def __add__(self, other: Any) -> Expression:
        return _arithmetic("+", _SUM, self, other)

    def __radd__(self, other: Any) -> Expression:
        return _arithmetic("+", _SUM, other, self)

    def __sub__(self, other: Any) -> Expression:
        return _arithmetic("-", _SUM, self, other)

    def __rsub__(self, other: Any) -> Expression:
        return _arithmetic("-", _SUM, other, self)

    def __mul__(self, other: Any) -> Expression:
        return _arithmetic("*", _PRODUCT, self, other)

    def __rmul__(self, other: Any) -> Expression:
        return _arithmetic("*", _PRODUCT, other, self)

    def __truediv__(self, other: Any) -> Expression:
        return _arithmetic("/", _PRODUCT, self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return _arithmetic("/", _PRODUCT, other, self)

    def __mod__(self, other: Any) -> Expression:
        return _arithmetic("%", _PRODUCT, self, other)

    def __rmod__(self, other: Any) -> Expression:
        return _arithmetic("%", _PRODUCT, other, self)

    __hash__ = object.__hash__

    # --- what Python would decide now, and the workflow only later --------------------------------------------------

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"whether {self._text} is true is only known when the workflow runs: "
            "use &, | and ~ for and, or and not, and flow.condition(…) for if"
        )

    def __iter__(self) -> NoReturn:
        raise TypeError(f"the items of {self._text} are only known when the workflow runs: use flow.for_each(…)")

    def __len__(self) -> NoReturn:
        raise TypeError(f"the size of {self._text} is only known when the workflow runs: use .size()")

    def __contains__(self, item: object) -> NoReturn:
        raise TypeError(f"what is in {self._text} is only known when the workflow runs: use is_in(value, list)")


def operand(value: Any, level: int) -> str:
    """A value as part of something that binds as tightly as ``level``: in parentheses where it binds looser."""
    text = literal(value)
    own = value._level if isinstance(value, Expression) else _UNARY if text.startswith("-") else _MEMBER  # noqa: SLF001
    return text if own >= level else f"({text})"


def _relation(left: Any, operator: str, right: Any) -> Expression:
    return Expression(f"{operand(left, _SUM)} {operator} {operand(right, _SUM)}", _RELATION, _BOOLEAN)


def _logic(operator: str, level: int, left: Any, right: Any) -> Expression:
    """``||`` also gives a default, so its type is that of its operands where they agree."""
    kinds = {_kind(left), _kind(right)}
    view = TypeView({"type": kinds.pop()}) if len(kinds) == 1 and None not in kinds else UNKNOWN
    return Expression(f"{operand(left, level)} {operator} {operand(right, level + 1)}", level, view)


def _arithmetic(operator: str, level: int, left: Any, right: Any) -> Expression:
    kinds = {_kind(left), _kind(right)}
    kind = "number" if kinds == {"integer", "number"} else kinds.pop() if len(kinds) == 1 else None
    view = TypeView({"type": kind}) if kind else UNKNOWN
    return Expression(f"{operand(left, level)} {operator} {operand(right, level + 1)}", level, view)


def _kind(value: Any) -> str | None:
    return value._view.kind if isinstance(value, Expression) else value_kind(value)  # noqa: SLF001 - the same class


def _arguments(arguments: Iterable[Any]) -> str:
    return ", ".join(part for argument in arguments for part in _argument(argument))


def _argument(argument: Any) -> list[str]:
    """``lambda line: line.price`` is ``line, line.price``."""
    if isinstance(argument, Expression) or not callable(argument):
        return [literal(argument)]
    names = list(inspect.signature(argument).parameters)
    return [*names, literal(argument(*(Expression(name) for name in names)))]


def view_of(value: Any) -> TypeView:
    """What is known of the type of any value."""
    if isinstance(value, Expression):
        return value._view  # noqa: SLF001 - kept from the namespace of the value's own fields
    kind = value_kind(value)
    return TypeView({"type": kind}) if kind else UNKNOWN


def text_of(value: Expression) -> str:
    """The text of an expression, without ``${…}``."""
    return value._text  # noqa: SLF001 - the same


# --- what has no operator in Python ----------------------------------------------------------------------------------


def cel(text: str) -> Any:
    """An expression as text, for whatever has no other form: ``cel("input.lines[0].sku.matches('^A')")``."""
    return Expression(text, _CHOICE)


def call(name: str, *arguments: Any) -> Any:
    """A function of the expression language: ``call("math.round", quote.total)``."""
    return Expression(f"{name}({_arguments(arguments)})")


def choose(condition: Any, then: Any, otherwise: Any) -> Any:
    """``then`` where the condition holds, else ``otherwise``."""
    text = f"{operand(condition, _EITHER)} ? {operand(then, _EITHER)} : {operand(otherwise, _CHOICE)}"
    kinds = {_kind(then), _kind(otherwise)}
    return Expression(
        text, _CHOICE, TypeView({"type": kinds.pop()}) if len(kinds) == 1 and None not in kinds else UNKNOWN
    )


def default(value: Any, otherwise: Any) -> Any:
    """``value``, or ``otherwise`` where it is absent or null. ``value | otherwise`` also replaces 0, "" and false."""
    return Expression(f"{operand(value, _EITHER)} ?? {operand(otherwise, _BOTH)}", _EITHER, view_of(value))


def is_in(value: Any, values: Any) -> Any:
    """Whether a list has the value, or an object the key."""
    return Expression(f"{operand(value, _SUM)} in {operand(values, _SUM)}", _RELATION, _BOOLEAN)


class StepReference(Expression):
    """A step of the workflow; as a value, its outputs: ``quote.total`` is ``steps.quote.outputs.total``."""

    __slots__ = ("_step_id",)

    def __init__(self, step_id: str, view: TypeView = UNKNOWN) -> None:
        super().__init__(f"{_step(step_id)}.outputs", _MEMBER, view)
        self._step_id = step_id


def id_of(step: StepReference | str) -> str:
    """The id of a step in the document."""
    return step if isinstance(step, str) else step._step_id  # noqa: SLF001 - the same


def succeeded(step: Any) -> Any:
    """Whether a step has completed rather than failed under ``continue_on_error``."""
    return Expression(f"{_step(id_of(step))}.success", _MEMBER, _BOOLEAN)


def _step(step_id: str) -> str:
    return f"steps.{step_id}" if _IDENTIFIER.match(step_id) and step_id not in _WORDS else f"steps[{literal(step_id)}]"
