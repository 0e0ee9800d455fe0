"""Tokens → tree. CEL's grammar (https://github.com/google/cel-spec), with what dialect and tokens accept beside it.

Only names that analysis knows as functions can be called: whatever else a source may try has no node.
"""

from __future__ import annotations

from reactory.definition.language import dialect, literals
from reactory.definition.language.functions import FUNCTIONS, METHODS, NAMESPACES
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
    TypeName,
    Unary,
    height,
)
from reactory.definition.language.tokens import Kind, Token
from reactory.exceptions import ExpressionError

MAX_NESTING = 40
MAX_HEIGHT = 80
_MACROS = {"all": 2, "exists": 2, "exists_one": 2, "map": 3, "filter": 2}
_RELATIONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_TOO_DEEP = "the expression is nested too deeply: split it into variables"


def parse(tokens: list[Token]) -> Node:
    """The tree of one whole expression."""
    if tokens[0].kind is Kind.END:
        raise ExpressionError("the expression is empty")
    node = _Parser(tokens).whole()
    if height(node) > MAX_HEIGHT:
        raise ExpressionError(_TOO_DEEP)
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._nesting = 0
        self._locals: list[str] = []

    # --- tokens --------------------------------------------------------------------------------------------------

    @property
    def peek(self) -> Token:
        return self._tokens[self._position]

    def _ahead(self, count: int) -> Token:
        return self._tokens[min(self._position + count, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self.peek
        self._position += 1
        return token

    def _is(self, *texts: str) -> bool:
        token = self.peek
        return token.kind in (Kind.OPERATOR, Kind.NAME) and token.text in texts

    def _accept(self, text: str) -> bool:
        if self._is(text):
            self._position += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self.unexpected(repr(text))

    def unexpected(self, wanted: str) -> ExpressionError:
        token = self.peek
        before = self._tokens[self._position - 1].text if self._position else ""
        found = "the end" if token.kind is Kind.END else f"{token.text!r} at column {token.at + 1}"
        return ExpressionError(f"expected {wanted}, found {found}{dialect.word_hint(token.text, before)}")

    # --- operators, from the loosest to the tightest -------------------------------------------------------------

    def whole(self) -> Node:
        node = self.expression()
        if self.peek.kind is not Kind.END:
            raise self.unexpected("an operator or the end")
        return node

    def expression(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise ExpressionError(_TOO_DEEP)
        condition = self._either()
        if self._is("?"):
            at = self._take().at
            then = self.expression()
            self._expect(":")
            condition = Conditional(at, condition, then, self.expression())
        self._nesting -= 1
        return condition

    def _either(self) -> Node:
        node = self._both()
        while self._is("||", "??"):
            operator, at = self.peek.text, self.peek.at
            operands = [node]
            while self._accept(operator):
                operands.append(self._both())
            node = Logic(at, operator, tuple(operands))
        return node

    def _both(self) -> Node:
        node = self._relation()
        if not self._is("&&"):
            return node
        at, operands = self.peek.at, [node]
        while self._accept("&&"):
            operands.append(self._relation())
        return Logic(at, "&&", tuple(operands))

    def _relation(self) -> Node:
        node = self._sum()
        while (operator := dialect.OPERATORS.get(self.peek.text, self.peek.text)) in _RELATIONS and self._is(
            self.peek.text
        ):
            at = self._take().at
            node = Binary(at, operator, node, self._sum())
        return node

    def _sum(self) -> Node:
        node = self._product()
        while self._is("+", "-"):
            token = self._take()
            node = Binary(token.at, token.text, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._unary()
        while self._is("*", "/", "%"):
            token = self._take()
            node = Binary(token.at, token.text, node, self._unary())
        return node

    def _unary(self) -> Node:
        signs: list[Token] = []
        while self._is("!", "-"):
            signs.append(self._take())
        node = self._member()
        for sign in reversed(signs):
            node = _signed(sign, node)
        return node

    # --- members -------------------------------------------------------------------------------------------------

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._is("."):
                self._take()
                node = self._field(node)
            elif self._is("["):
                at = self._take().at
                index = self.expression()
                self._expect("]")
                node = _indexed(node, index, at)
            else:
                return node

    def _field(self, node: Node) -> Node:
        token = self.peek
        if token.kind not in (Kind.NAME, Kind.INT):
            raise self.unexpected("a name after '.'")
        self._take()
        if not self._is("("):
            return _extended(node, token.text, token.at)
        if isinstance(node, Reference) and not node.local and not node.path and node.root in NAMESPACES:
            return self._call(f"{node.root}.{token.text}", token.at, None)
        if token.text in _MACROS and self._ahead(1).kind is Kind.NAME and self._ahead(2).text == ",":
            return self._macro(node, token)
        return self._call(token.text, token.at, node)

    def _call(self, name: str, at: int, target: Node | None) -> Node:
        known = FUNCTIONS if target is None else METHODS
        arity = known.get(name)
        if arity is None:
            raise ExpressionError(dialect.unknown_function(name, known))
        arguments = self._arguments("(", ")")
        if not arity[0] <= len(arguments) <= arity[1]:
            wanted = str(arity[0]) if arity[0] == arity[1] else f"{arity[0]} to {arity[1]}"
            raise ExpressionError(f"{name}() at column {at + 1} takes {wanted} arguments, not {len(arguments)}")
        return Call(at, name, target, arguments)

    def _macro(self, operand: Node, name: Token) -> Node:
        self._expect("(")
        variable = self._take().text
        if variable in dialect.NULLS or variable in ("true", "false", "in"):
            raise ExpressionError(f"{variable} cannot be the variable of {name.text}()")
        self._locals.append(variable)
        parts: list[Node] = []
        while self._accept(",") and len(parts) < _MACROS[name.text]:
            parts.append(self.expression())
        self._locals.pop()
        self._expect(")")
        if not 1 <= len(parts) < _MACROS[name.text]:
            raise ExpressionError(f"{name.text}() at column {name.at + 1} has too many arguments")
        condition = parts[0] if len(parts) == 2 else None
        return Macro(name.at, name.text, operand, variable, parts[-1], condition)

    def _arguments(self, opening: str, closing: str) -> tuple[Node, ...]:
        self._expect(opening)
        items: list[Node] = []
        while not self._is(closing):
            items.append(self.expression())
            if not self._accept(","):
                break
        self._expect(closing)
        return tuple(items)

    # --- primaries -----------------------------------------------------------------------------------------------

    def _primary(self) -> Node:
        token = self.peek
        match token.kind:
            case Kind.NAME:
                return self._name()
            case Kind.STRING | Kind.BYTES | Kind.INT | Kind.UINT | Kind.DOUBLE:
                negative = self._position > 0 and self._tokens[self._position - 1].text == "-"
                return _literal(self._take(), negative=negative)
        if self._accept("("):
            node = self.expression()
            self._expect(")")
            return node
        if self._is("["):
            return ListOf(token.at, self._arguments("[", "]"))
        if self._is("{"):
            return self._map()
        raise self.unexpected("a value")

    def _name(self) -> Node:
        token = self._take()
        name = token.text
        if name in ("true", "false"):
            return Constant(token.at, name == "true")
        if name in dialect.NULLS:
            return Constant(token.at, None)
        if name == "in":
            self._position -= 1
            raise self.unexpected("a value")
        local = name in self._locals
        if self._is("(") and not local:
            return self._has(token) if name == "has" else self._call(name, token.at, None)
        if name in dialect.TYPE_NAMES and not local and not self._is(".", "["):
            return TypeName(token.at, name)
        if dialect.is_foreign_word(name) and self.peek.kind in (Kind.NAME, Kind.STRING, Kind.INT):
            self._position -= 1
            raise self.unexpected("a value")
        return Reference(token.at, name if local else dialect.ROOTS.get(name, name), (), local)

    def _has(self, name: Token) -> Node:
        arguments = self._arguments("(", ")")
        if len(arguments) != 1 or not isinstance(arguments[0], Reference | Select | Index):
            raise ExpressionError(f"has() at column {name.at + 1} takes one reference, as in has(input.name)")
        return Has(name.at, arguments[0])

    def _map(self) -> Node:
        at = self._take().at
        entries: list[tuple[Node, Node]] = []
        while not self._is("}"):
            key = self.expression()
            self._expect(":")
            entries.append((key, self.expression()))
            if not self._accept(","):
                break
        self._expect("}")
        return MapOf(at, tuple(entries))


def _signed(sign: Token, operand: Node) -> Node:
    if sign.text == "!":
        return Unary(sign.at, "!", operand)
    if isinstance(operand, Constant) and not operand.unsigned and type(operand.value) in (int, float):
        return Constant(sign.at, _in_range(-operand.value, sign.at))
    return Unary(sign.at, "-", operand)


def _indexed(node: Node, index: Node, at: int) -> Node:
    if isinstance(index, Constant) and (
        isinstance(index.value, str) or (type(index.value) is int and 0 <= index.value <= literals.INT_MAX)
    ):
        return _extended(node, str(index.value), at)
    return Index(at, node, index)


def _extended(node: Node, segment: str, at: int) -> Node:
    if isinstance(node, Reference):
        return Reference(node.at, node.root, (*node.path, segment), node.local)
    if isinstance(node, Select):
        return Select(node.at, node.operand, (*node.path, segment))
    return Select(at, node, (segment,))


def _literal(token: Token, *, negative: bool) -> Constant:
    match token.kind:
        case Kind.STRING:
            return Constant(token.at, literals.text_of(token.text))
        case Kind.BYTES:
            return Constant(token.at, literals.bytes_of(token.text))
        case Kind.DOUBLE:
            return Constant(token.at, _in_range(float(token.text), token.at))
        case Kind.UINT:
            value = literals.int_of(token.text[:-1])
            if value > literals.UINT_MAX:
                raise _out_of_range(token.at)
            return Constant(token.at, value, unsigned=True)
        case _:
            value = literals.int_of(token.text)
            lowest = negative and value == -literals.INT_MIN
            return Constant(token.at, value if lowest else _in_range(value, token.at))


def _in_range(value: float, at: int) -> float:
    if isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            raise _out_of_range(at)
    elif not literals.INT_MIN <= value <= literals.INT_MAX:
        raise _out_of_range(at)
    return value


def _out_of_range(at: int) -> ExpressionError:
    return ExpressionError(
        f"the number at column {at + 1} is out of range: integers have 64 bits, doubles end at 1.8e308"
    )
