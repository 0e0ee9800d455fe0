"""Trees → the text of a CEL program, with a variable for everything that CEL shall not do or shall not see."""

from __future__ import annotations

from collections.abc import Callable

from reactory.definition.language.analysis import has_macro, is_boolean, is_membership, null_test
from reactory.definition.language.engine import variable
from reactory.definition.language.functions import FROM_CEL
from reactory.definition.language.leaf import Closure, Leaf, Part, Piece
from reactory.definition.language.syntax import (
    Binary,
    Call,
    Constant,
    ListOf,
    Logic,
    MapOf,
    Node,
    Reference,
    TypeName,
    Unary,
    children,
)

MAX_DEPTH = 20
"""CEL's parser ends at 32 levels; what is deeper becomes a program of its own."""

Build = Callable[[Node], Closure]


def emit(node: Node, build: Build, instead: Callable[[], Closure] | None = None) -> Closure:
    """A closure that evaluates ``node`` as one program; ``instead`` evaluates it in pieces, and allows logic inside."""
    emitter = _Emitter(build, inline_logic=instead is not None)
    emitter.node(node, 0)
    return Leaf(tuple(emitter.parts), emitter.getters, instead if emitter.has_logic else None).run


class _Emitter:
    def __init__(self, build: Build, *, inline_logic: bool) -> None:
        self._build = build
        self._inline_logic = inline_logic
        self._names: dict[object, str] = {}
        self.parts: list[Part] = []
        self.getters: dict[str, Closure] = {}
        self.has_logic = False

    def node(self, node: Node, depth: int) -> None:
        if depth > MAX_DEPTH:
            return self._variable(node, node)
        match node:
            case Constant():
                self.parts.append(node)
            case Reference():
                self._variable(node, (node.chain, node.local))
            case TypeName():
                self.parts.append(node.name)
            case Call() if node.name in FROM_CEL:
                self._call(node, depth)
            case Unary(operator="!") if not is_boolean(node.operand):
                self._variable(node, node)
            case Unary():
                self._around((f"({node.operator}",), (node.operand,), "", depth)
            case Binary() if null_test(node) is None and not is_membership(node):
                self._around(("(",), (node.left, node.right), f" {node.operator} ", depth)
            case Logic() if self._inline_logic and is_boolean(node) and node.operator != "??" and not has_macro(node):
                self.has_logic = True
                self._around(("(",), node.operands, f" {node.operator} ", depth)
            case ListOf() | MapOf() if all(isinstance(item, Constant) for item in children(node)):
                self._display(node)
            case _:
                self._variable(node, node)
        return None

    def _variable(self, node: Node, key: object) -> None:
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = variable(len(self._names))
            self.getters[name] = self._build(node)
        self.parts.append(Piece(name))

    def _around(self, opening: tuple[str, ...], operands: tuple[Node, ...], between: str, depth: int) -> None:
        self.parts.extend(opening)
        for number, operand in enumerate(operands):
            if number:
                self.parts.append(between)
            self.node(operand, depth + 1)
        self.parts.append(")")

    def _call(self, node: Call, depth: int) -> None:
        if node.target is not None:
            self.node(node.target, depth + 1)
            self.parts.append(".")
        self._around((f"{node.name}(",), node.arguments, ", ", depth)

    def _display(self, node: ListOf | MapOf) -> None:
        self.parts.append("[" if isinstance(node, ListOf) else "{")
        for number, item in enumerate(children(node)):
            if number:
                self.parts.append(": " if isinstance(node, MapOf) and number % 2 else ", ")
            self.parts.append(item)  # type: ignore[arg-type]  # a Constant: see the only caller
        self.parts.append("]" if isinstance(node, ListOf) else "}")
