"""What can be told about a tree without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator

from reactory.definition.language.functions import BOOLEAN
from reactory.definition.language.syntax import (
    Binary,
    Call,
    Conditional,
    Constant,
    Has,
    Index,
    Logic,
    Macro,
    Node,
    Reference,
    Select,
    Unary,
    children,
)

_RELATIONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})


def is_boolean(node: Node) -> bool:
    """It can only be true, false or an error: then JavaScript's ``||`` and CEL's agree."""
    match node:
        case Constant(value=value):
            return isinstance(value, bool)
        case Binary(operator=operator):
            return operator in _RELATIONS
        case Unary(operator=operator):
            return operator == "!"
        case Has():
            return True
        case Call(name=name):
            return name in BOOLEAN
        case Macro(kind=kind):
            return kind in ("all", "exists", "exists_one")
        case Logic(operands=operands):
            return all(map(is_boolean, operands))
        case Conditional(then=then, otherwise=otherwise):
            return is_boolean(then) and is_boolean(otherwise)
        case _:
            return False


def has_macro(node: Node) -> bool:
    return isinstance(node, Macro) or any(map(has_macro, children(node)))


def is_path(node: Node) -> bool:
    """It only looks something up, so that it may be absent."""
    return isinstance(node, Reference | Select | Index)


def null_test(node: Binary) -> Node | None:
    """The path that ``path == null`` or ``null != path`` asks for: absent counts as null there."""
    if node.operator not in ("==", "!="):
        return None
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, Constant) and other.value is None and is_path(one):
            return one
    return None


def is_membership(node: Binary) -> bool:
    """``x in path``: answered where the data are, because all of them would have to go into CEL for it."""
    return node.operator == "in" and is_path(node.right)


def references(node: Node, *, guarded: bool = False) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Each chain that is looked up, and whether its absence is provided for (``||``, ``??``, ``has``, ``== null``)."""
    if isinstance(node, Reference):
        if not node.local:
            yield node.chain, guarded
        return
    for child in children(node):
        yield from references(child, guarded=guarded or _guards(node, child))


def _guards(node: Node, child: Node) -> bool:
    match node:
        case Has():
            return True
        case Logic(operator="||"):
            return not is_boolean(child)
        case Logic(operator="??"):
            return True
        case Binary():
            return null_test(node) is child
        case _:
            return False
