"""Compiled expressions: CEL, with JavaScript's spellings (formats.md), over names that a scope looks up.

What is worth knowing when writing one:

- A reference (``steps.pay.outputs.id``, ``items[0].name``, ``items.0.name``) is looked up in the data as they are. One
  that leads nowhere is an error that says what is missing; it is null as an operand of ``||`` or ``??``, when compared
  with ``null``, and under ``has(…)``. ``a.length`` is the size of a list or text.
- ``a || b`` is the first operand that is true, else the last, as in JavaScript; where both are booleans this is the
  ordinary or. ``a && b`` likewise. Empty lists and objects count as true. Operands that are not needed may fail.
- ``/`` between two integers is integer division: 5 / 2 is 2, and 5 / 2.0 is 2.5. Integers and doubles mix: where CEL
  has no operator for both, all numbers of that operation, and of those it is made of, are taken as doubles.
- Beside CEL's standard functions there are those of its extensions for texts, lists, sets, math and base64, as far as
  they are bounded; see language.functions for all the names. There is no now().
- Results are JSON: times become RFC 3339 texts in UTC, durations whole milliseconds, bytes base64.
- A source has at most 4,096 characters; an evaluation that does too much work is stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from reactory.definition.language.analysis import references
from reactory.definition.language.evaluation import BudgetExceededError, Evaluation
from reactory.definition.language.lowering import build
from reactory.definition.language.parser import parse
from reactory.definition.language.resolution import Scope, UnresolvedReferenceError, dotted, lookup_path, resolve
from reactory.definition.language.syntax import Constant, Node, Reference
from reactory.definition.language.tokens import MAX_SOURCE, scan
from reactory.definition.language.values import finish, plain, truthy, weigh
from reactory.exceptions import ExpressionError

__all__ = [
    "BudgetExceededError",
    "Expression",
    "Scope",
    "UnresolvedReferenceError",
    "compile_expression",
    "lookup_path",
    "truthy",
]

_SHOWN = 160


class Expression:
    """One compiled expression; immutable, and safe to evaluate from several threads.

    ``references`` are the static chains that it looks up, each once, in the order of the source: ``("input", "id")``.
    ``required`` are those among them whose absence nothing provides for. ``roots`` are the first names of them all.
    """

    __slots__ = ("_run", "references", "required", "roots", "source")

    def __init__(self, source: str, node: Node) -> None:
        found = list(references(node))
        self.source = source
        self.references: tuple[tuple[str, ...], ...] = tuple(dict.fromkeys(chain for chain, _ in found))
        self.required: tuple[tuple[str, ...], ...] = tuple(
            dict.fromkeys(chain for chain, guarded in found if not guarded)
        )
        self.roots: frozenset[str] = frozenset(chain[0] for chain in self.references)
        self._run = _runner(node)

    def evaluate(self, scope: Scope) -> Any:
        """The value as plain JSON: None, bool, int, float, str, list or dict. Raises ExpressionError.

        Dicts and lists may be those of the scope, by identity: do not change them.
        """
        try:
            return self._run(scope)
        except ExpressionError as error:
            raise _located(error, self.source) from None

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


def compile_expression(source: str) -> Expression:
    """Compiles, or takes from the cache. Raises ExpressionError.

    Also accepts the expression inside one ``${…}``, and operands inside of one each.
    """
    if not isinstance(source, str):
        raise ExpressionError(f"an expression is a text, not {type(source).__name__}: put it in quotes")
    return _compiled(source)


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Expression:
    try:
        return Expression(source, parse(_tokens(source)))
    except ExpressionError as error:
        raise _located(error, source) from None


def _tokens(source: str) -> Any:
    if len(source) > MAX_SOURCE:
        raise ExpressionError(f"an expression may have at most {MAX_SOURCE} characters, this one has {len(source)}")
    if "\0" in source or any("\ud800" <= character <= "\udfff" for character in source):
        raise ExpressionError("an expression is a Unicode text without NUL")
    start = len(source) - len(source.lstrip())
    if source.startswith("${", start):
        tokens, end = scan(source, start + 2)
        if end >= 0 and not source[end + 1 :].strip():
            return tokens
    tokens, end = scan(source, holes=True)
    if end >= 0:
        raise ExpressionError(f"unexpected '}}' at column {end + 1}")
    return tokens


def _runner(node: Node) -> Callable[[Scope], Any]:
    if isinstance(node, Constant) and not isinstance(node.value, bytes):
        value = node.value
        return lambda _scope: value
    if isinstance(node, Reference):
        root, path = node.root, node.path
        return lambda scope: plain(resolve(scope, root, path))
    closure = build(node)

    def run(scope: Scope) -> Any:
        evaluation = Evaluation(scope)
        value = plain(closure(evaluation))
        if evaluation.built:
            weigh(value, evaluation)
        return finish(value) if evaluation.temporal or isinstance(value, bytes) else value

    return run


def _located(error: ExpressionError, source: str) -> ExpressionError:
    """The same error, naming the expression, unless it does already."""
    shown = " ".join(source.split())
    shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    if isinstance(error, UnresolvedReferenceError):
        message = error.message if shown == dotted(error.reference) else f"{error.message} (in {shown!r})"
        return UnresolvedReferenceError(message, error.reference)
    kind = BudgetExceededError if isinstance(error, BudgetExceededError) else ExpressionError
    return kind(f"{error.message} (in {shown!r})")
