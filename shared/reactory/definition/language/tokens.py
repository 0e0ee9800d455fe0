"""The scanner of the expression language: CEL's tokens, and those of JavaScript that are accepted beside them.

It works from any offset and stops at the first brace that closes more than was opened, so that a template can ask it
where a ``${…}`` hole ends: a brace inside a string is then no brace, whatever the string's quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from reactory.exceptions import ExpressionError

MAX_SOURCE = 4096
"""An expression may have this many characters."""


class Kind(Enum):
    NAME = "name"
    INT = "int"
    UINT = "uint"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is what stands in the source; ``at`` is its offset there."""

    kind: Kind
    text: str
    at: int


_SPACE = re.compile(r"(?:[ \t\r\n\f]|//[^\n]*)*")
_DIGITS = re.compile(r"[0-9]+(?![0-9A-Za-z_])")
_TOKEN = re.compile(
    r"""
    (?P<string>[rR]?(?:"{3}|'{3}|"|'))
  | (?P<bytes>(?:[bB][rR]?|[rR][bB])(?:"{3}|'{3}|"|'))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<double>(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?))
  | (?P<uint>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uU])
  | (?P<int>0[xX][0-9a-fA-F]+|[0-9]+)
  | (?P<operator>===|!==|==|!=|<=|>=|&&|\|\||\?\?|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE,
)
_STEP_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-+[A-Za-z0-9_]+)*")
_HINTS = {
    "=": "use == to compare",
    "&": "use && for 'and'",
    "|": "use || for 'or'",
    "`": "write strings in single or double quotes",
    ";": "an expression is one value, without ';'",
    "$": "an expression stands bare, or as a whole in one ${…}",
}
_BEFORE_HOLE = ("", "(", "[", ",", "!")
_AFTER_HOLE = ("", ")", "]", ",")
_ARROW = "instead of items.map(item => …), write items.map(item, …)"


def scan(source: str, start: int = 0, *, holes: bool = False) -> tuple[list[Token], int]:
    """The tokens from ``start`` on, up to the end or to the unmatched ``}``, whose offset is the second result.

    The second result is -1 if there is no such brace. The last token is always END. With ``holes`` an operand may stand
    in ``${…}``.
    """
    tokens: list[Token] = []
    at, depth = start, 0
    while True:
        at = _after_space(source, at)
        if at - start > MAX_SOURCE:
            raise ExpressionError(f"an expression may have at most {MAX_SOURCE} characters: split it into variables")
        if at == len(source):
            tokens.append(Token(Kind.END, "", at))
            return tokens, -1
        if holes and source.startswith("${", at):
            operand, at = _operand(source, at)
            tokens += operand
            continue
        token = _next(source, at, tokens)
        if token.kind is Kind.OPERATOR and token.text in "{}":
            depth += 1 if token.text == "{" else -1
            if depth < 0:
                tokens.append(Token(Kind.END, "", at))
                return tokens, at
        tokens.append(token)
        at += len(token.text)


def _operand(source: str, at: int) -> tuple[list[Token], int]:
    """``${a}`` in ``${a} === 1 && ${b}`` is ``(a)``. Glued to something else, as in ``order-${a}``, it is a template."""
    inner, end = scan(source, at + 2)
    if (
        end < 0
        or source[at - 1 : at].strip() not in _BEFORE_HOLE
        or source[end + 1 : end + 2].strip() not in _AFTER_HOLE
    ):
        raise _refusal(source, at)
    opening, closing = Token(Kind.OPERATOR, "(", at), Token(Kind.OPERATOR, ")", end)
    return [opening, *inner[:-1], closing], end + 1


def _after_space(source: str, at: int) -> int:
    space = _SPACE.match(source, at)
    return space.end() if space else at


def _next(source: str, at: int, before: list[Token]) -> Token:
    if before and before[-1].text == ".":
        after_dot = _after_dot(source, at, before)
        if after_dot:
            return after_dot
    found = _TOKEN.match(source, at)
    if found is None:
        raise _refusal(source, at)
    kind = Kind(found.lastgroup)
    if kind is Kind.DOUBLE and found.group().startswith(".") and before and _ends_value(before[-1]):
        return Token(Kind.OPERATOR, ".", at)  # ``items.0``: an index, not the number .0
    if kind in (Kind.STRING, Kind.BYTES):
        return Token(kind, _quoted(source, at, found.group()), at)
    return Token(kind, found.group(), at)


def _after_dot(source: str, at: int, before: list[Token]) -> Token | None:
    """What may stand after a dot and nowhere else: the index of ``.0``, and a step's id with hyphens in it."""
    digits = _DIGITS.match(source, at)
    if digits:
        return Token(Kind.INT, digits.group(), at)
    if (
        len(before) > 1
        and before[-2].text in ("steps", "stepResults")
        and not (len(before) > 2 and before[-3].text == ".")
    ):
        step = _STEP_ID.match(source, at)
        if step:
            return Token(Kind.NAME, step.group(), at)
    return None


def _ends_value(token: Token) -> bool:
    return token.kind in (Kind.NAME, Kind.INT) or token.text in (")", "]")


def _quoted(source: str, at: int, opening: str) -> str:
    quote = opening.lstrip("rRbB")
    raw = "r" in opening.lower()
    position = at + len(opening)
    while position < len(source):
        if source.startswith(quote, position):
            return source[at : position + len(quote)]
        character = source[position]
        if character == "\n" and len(quote) == 1:
            break
        position += 2 if character == "\\" and not raw else 1
    raise ExpressionError(f"the string that starts at column {at + 1} is not closed: add {quote}")


def _refusal(source: str, at: int) -> ExpressionError:
    character = source[at]
    hint = _ARROW if source.startswith("=>", at) else _HINTS.get(character)
    if hint is None and character.isalpha():
        hint = "a name with other letters than a to z goes into brackets, as in input['é']"
    return ExpressionError(f"unexpected {character!r} at column {at + 1}" + (f": {hint}" if hint else ""))
