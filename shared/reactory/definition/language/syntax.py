"""The nodes of an expression's tree. ``at`` is the offset in the source, for messages.

Structs and not dataclasses, because those take 10 ms more to import.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Constant(msgspec.Struct, frozen=True):
    """A literal, with the Python value that it stands for."""

    at: int
    value: Any
    unsigned: bool = False


class Reference(msgspec.Struct, frozen=True):
    """A static chain: ``steps.pay.outputs.id`` is the root ``steps`` and the path (pay, outputs, id).

    ``local`` says that the root is the variable of a comprehension around it.
    """

    at: int
    root: str
    path: tuple[str, ...]
    local: bool

    @property
    def chain(self) -> tuple[str, ...]:
        return (self.root, *self.path)


class TypeName(msgspec.Struct, frozen=True):
    """``int``, ``string`` and so on, as in ``type(x) == int``."""

    at: int
    name: str


class Select(msgspec.Struct, frozen=True):
    """A further static path behind a value that had to be computed."""

    at: int
    operand: Node
    path: tuple[str, ...]


class Index(msgspec.Struct, frozen=True):
    at: int
    operand: Node
    index: Node


class Call(msgspec.Struct, frozen=True):
    """A function, ``target`` being None, or a method. A name with a namespace keeps its dot: ``math.greatest``."""

    at: int
    name: str
    target: Node | None
    arguments: tuple[Node, ...]

    @property
    def operands(self) -> tuple[Node, ...]:
        return self.arguments if self.target is None else (self.target, *self.arguments)


class Has(msgspec.Struct, frozen=True):
    """``has(a.b)``: is it there?"""

    at: int
    operand: Node


class Macro(msgspec.Struct, frozen=True):
    """A comprehension over ``operand``; ``body`` is its condition (of ``map``: the transformation, and then
    ``condition`` may stand before it).
    """

    at: int
    kind: str
    operand: Node
    variable: str
    body: Node
    condition: Node | None = None


class Unary(msgspec.Struct, frozen=True):
    at: int
    operator: Literal["-", "!"]
    operand: Node


class Binary(msgspec.Struct, frozen=True):
    """Arithmetic and comparison, with CEL's operators."""

    at: int
    operator: str
    left: Node
    right: Node


class Logic(msgspec.Struct, frozen=True):
    """``||``, ``&&`` and ``??`` over two or more operands."""

    at: int
    operator: str
    operands: tuple[Node, ...]


class Conditional(msgspec.Struct, frozen=True):
    at: int
    condition: Node
    then: Node
    otherwise: Node


class ListOf(msgspec.Struct, frozen=True):
    at: int
    items: tuple[Node, ...]


class MapOf(msgspec.Struct, frozen=True):
    at: int
    entries: tuple[tuple[Node, Node], ...]


Node = (
    Constant
    | Reference
    | TypeName
    | Select
    | Index
    | Call
    | Has
    | Macro
    | Unary
    | Binary
    | Logic
    | Conditional
    | ListOf
    | MapOf
)


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Constant() | Reference() | TypeName():
            return ()
        case Select(operand=operand) | Has(operand=operand) | Unary(operand=operand):
            return (operand,)
        case Index(operand=operand, index=index):
            return (operand, index)
        case Call():
            return node.operands
        case Macro(operand=operand, body=body, condition=condition):
            return (operand, body) if condition is None else (operand, condition, body)
        case Binary(left=left, right=right):
            return (left, right)
        case Logic(operands=operands):
            return operands
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case ListOf(items=items):
            return items
        case MapOf(entries=entries):
            return tuple(part for entry in entries for part in entry)


def height(node: Node) -> int:
    """How deep the tree is. Without recursion, because this is asked before anybody may recurse into it."""
    deepest, pending = 0, [(node, 1)]
    while pending:
        current, depth = pending.pop()
        deepest = max(deepest, depth)
        pending.extend((child, depth + 1) for child in children(current))
    return deepest
