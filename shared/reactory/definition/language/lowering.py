"""A tree as closures. What computes becomes CEL programs (emission); what looks up, chooses, repeats or builds is done
here: so only scalars travel into CEL where only scalars are needed, results keep their identity, operands are
evaluated only when they are needed, and all work is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.definition.language import comprehension, logic
from reactory.definition.language.analysis import has_macro, is_boolean, is_membership, null_test
from reactory.definition.language.emission import emit
from reactory.definition.language.evaluation import Evaluation
from reactory.definition.language.functions import FROM_CEL
from reactory.definition.language.leaf import Closure
from reactory.definition.language.library import LIBRARY, Function, member
from reactory.definition.language.resolution import (
    MISSING,
    UnresolvedReferenceError,
    child,
    lookup_path,
    resolve,
    resolve_or_missing,
    walk,
)
from reactory.definition.language.syntax import (
    Binary,
    Call,
    Conditional,
    Constant,
    Has,
    Index,
    ListOf,
    Logic,
    Macro,
    MapOf,
    Node,
    Reference,
    Select,
    Unary,
)
from reactory.definition.language.values import plain
from reactory.exceptions import ExpressionError


def build(node: Node) -> Closure:
    """The closure that evaluates a node."""
    match node:
        case Constant(value=value):
            return lambda _: value
        case Reference():
            return _reference(node)
        case Select(operand=operand, path=path):
            return _select(build(operand), path)
        case Index():
            return _index(build(node.operand), build(node.index))
        case Has(operand=operand):
            return _has(operand)
        case Macro():
            return _macro(node)
        case Call() if node.name not in FROM_CEL:
            return _call(node)
        case ListOf(items=items):
            return _list(tuple(map(build, items)))
        case MapOf(entries=entries):
            return _map(tuple((build(key), build(value)) for key, value in entries))
        case Conditional():
            return logic.conditional(build(node.condition), build(node.then), build(node.otherwise))
        case Logic():
            return _logic(node)
        case Unary(operator="!", operand=operand) if not is_boolean(operand):
            return logic.negation(build(operand))
        case Binary() if (tested := null_test(node)) is not None:
            return logic.null_test(build_lenient(tested), equal=node.operator == "==")
        case Binary(left=left, right=right) if is_membership(node):
            return _function(member, (left, right))
        case _:
            return emit(node, build, logic.once(lambda: emit(node, build)))


def build_lenient(node: Node) -> Closure:
    """The same, but what is absent is null."""
    if isinstance(node, Reference) and not node.local:
        return _reference_or_null(node.root, node.path)
    return logic.absent_is_null(build(node))


# --- looking up --------------------------------------------------------------------------------------------------


def _reference(node: Reference) -> Closure:
    root, path = node.root, node.path
    if not node.local:
        return lambda evaluation: resolve(evaluation.scope, root, path)
    if not path:
        return lambda evaluation: evaluation.locals[root]
    return lambda evaluation: walk(evaluation.locals[root], path, (root,))


def _reference_or_null(root: str, path: tuple[str, ...]) -> Closure:
    def run(evaluation: Evaluation) -> Any:
        value = resolve_or_missing(evaluation.scope, root, path)
        return None if value is MISSING else value

    return run


def _select(operand: Closure, path: tuple[str, ...]) -> Closure:
    return lambda evaluation: walk(operand(evaluation), path, ("(…)",))


def _index(operand: Closure, index: Closure) -> Closure:
    def run(evaluation: Evaluation) -> Any:
        holder, key = operand(evaluation), index(evaluation)
        if isinstance(key, float) and key.is_integer():
            key = int(key)
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise ExpressionError("an index must be a text or a whole number")
        value = child(holder, str(key)) if isinstance(holder, Mapping) or isinstance(key, int) else MISSING
        if value is MISSING:
            raise UnresolvedReferenceError(f"there is no element [{key!r}]{_extent(holder)}", ("(…)", str(key)))
        return value

    return run


def _extent(holder: Any) -> str:
    return f" in a list of {len(holder)}" if isinstance(holder, list | tuple) else ""


def _has(operand: Node) -> Closure:
    if isinstance(operand, Reference) and not operand.local:
        root, path = operand.root, operand.path
        return lambda evaluation: resolve_or_missing(evaluation.scope, root, path) is not MISSING
    if isinstance(operand, Reference):
        name, inner = operand.root, operand.path
        return lambda evaluation: lookup_path(evaluation.locals[name], inner) is not MISSING
    return logic.is_present(build(operand))


# --- building ----------------------------------------------------------------------------------------------------


def _list(items: tuple[Closure, ...]) -> Closure:
    def run(evaluation: Evaluation) -> list[Any]:
        evaluation.spend(len(items))
        evaluation.built = True
        return [plain(item(evaluation)) for item in items]

    return run


def _map(entries: tuple[tuple[Closure, Closure], ...]) -> Closure:
    def run(evaluation: Evaluation) -> dict[str, Any]:
        evaluation.spend(len(entries))
        evaluation.built = True
        made: dict[str, Any] = {}
        for key, value in entries:
            name = key(evaluation)
            if not isinstance(name, str | int):
                raise ExpressionError("the keys of an object must be texts")
            text = name if isinstance(name, str) else str(name).lower()
            if text in made:
                raise ExpressionError(f"the key {text!r} stands twice in an object")
            made[text] = plain(value(evaluation))
        return made

    return run


def _call(node: Call) -> Closure:
    if node.name == "matches":  # matches(text, pattern) is the method in other words
        return build(Call(node.at, "matches", node.arguments[0], node.arguments[1:]))
    return _function(LIBRARY[node.name], node.operands)


def _function(function: Function, operands: tuple[Node, ...]) -> Closure:
    arguments = tuple(map(build, operands))
    if len(arguments) == 1:
        only = arguments[0]
        return lambda evaluation: function(evaluation, only(evaluation))

    def run(evaluation: Evaluation) -> Any:
        return function(evaluation, *[argument(evaluation) for argument in arguments])

    return run


# --- choosing and repeating --------------------------------------------------------------------------------------


def _logic(node: Logic) -> Closure:
    if is_boolean(node) and node.operator != "??" and not has_macro(node):
        return emit(node, build, logic.once(lambda: _in_pieces(node)))
    return _in_pieces(node)


def _in_pieces(node: Logic) -> Closure:
    match node.operator:
        case "??":
            return logic.first_present(tuple(map(build_lenient, node.operands)))
        case "||":
            operands = ((each, is_boolean(each)) for each in node.operands)
            return logic.either(
                tuple((build(each) if strict else build_lenient(each), strict) for each, strict in operands)
            )
        case _:
            return logic.both(tuple(map(build, node.operands)), boolean=is_boolean(node))


def _macro(node: Macro) -> Closure:
    run = comprehension.KINDS[node.kind]
    condition = None if node.condition is None else build(node.condition)
    return run(build(node.operand), node.variable, build(node.body), condition)
