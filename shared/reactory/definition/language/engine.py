"""CEL: environments, programs, and what its errors mean. Imported when the first program is compiled.

A program sees nothing but the variables ``r0``, ``r1`` and so on, each of any type. Its own nested comprehensions are
never used (lowering runs those), so that its work is bounded by its text and its data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reactory.exceptions import ExpressionError

if TYPE_CHECKING:
    from cel_expr_python import cel

MAX_CACHED = 4096
_OVERLOAD = "o matching overload"
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$")
_WHILE_EVALUATING = re.compile(
    r"overloads found : (?:\((?P<receiver>[^()]*)\)\.)?(?P<name>[^\s(]+)(?:\((?P<types>.*)\))?"
)
_WHILE_COMPILING = re.compile(
    r"overload for '(?P<name>[^']+)' applied to '(?:(?P<receiver>[^']+)\.)?\((?P<types>[^']*)\)'"
)
_NATIVE = {"int64": "int", "uint64": "uint", "null_type": "null", "@in": "in"}


@lru_cache(maxsize=16)
def _environment(size: int) -> cel.Env:
    from cel_expr_python import cel

    config = cel.NewEnvConfigFromYaml("extensions:\n  - name: math\n")
    return cel.NewEnv(config=config, variables={variable(number): cel.Type.DYN for number in range(size)})


@lru_cache(maxsize=1)
def _error_type() -> cel.Type:
    from cel_expr_python import cel

    return cel.Type.ERROR


def variable(number: int) -> str:
    return f"r{number}"


@lru_cache(maxsize=MAX_CACHED)
def compile_program(text: str, variables: int) -> cel.Expression:
    """Raises ExpressionError; see ``is_mismatch`` for the kind that another spelling of numbers may cure."""
    environment = _environment(max(8, 1 << (variables - 1).bit_length()) if variables else 8)
    try:
        return environment.compile(text)
    except (RuntimeError, ValueError) as error:
        raise CelError(str(error)) from None


class CelError(ExpressionError):
    """What CEL has to say, made readable. ``mismatch``: an operator or function does not take these types."""

    def __init__(self, raw: str) -> None:
        self.mismatch = _OVERLOAD in raw
        super().__init__(readable(raw))


def evaluate(program: cel.Expression, data: Mapping[str, Any]) -> Any:
    """The plain value; raises CelError."""
    try:
        result = program.eval(data=data)
        value = result.plain_value()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise CelError(str(error)) from None
    if type(value) is str and result.type() == _error_type():
        raise CelError(value)
    return value


def readable(raw: str) -> str:
    """One line of CEL's message, without the parts that speak of the program instead of the expression."""
    line = raw.splitlines()[0] if raw else "it cannot be evaluated"
    line = re.sub(r"^.*?<input>:-?\d+:-?\d+: ", "", line)
    line = _STATUS.sub("", _STATUS.sub("", line))
    if _OVERLOAD in line:
        return _mismatch(line)
    return line[:1].lower() + line[1:]


def _mismatch(line: str) -> str:
    if "jump_condition" in line:
        return "the condition before '?' must be true or false"
    found = _WHILE_EVALUATING.search(line) or _WHILE_COMPILING.search(line)
    if found is None:
        return "an operator or function does not work on these types"
    name = _shown(found["name"])
    receiver = found["receiver"] or ""
    types = ", ".join(filter(None, (receiver, found["types"])))
    types = re.sub(r"\w+", lambda word: _NATIVE.get(word.group(), word.group()), types)
    message = f"{name} does not work on ({types})" if types else f"{name} does not work on these types"
    return message + _advice(name, types)


def _advice(name: str, types: str) -> str:
    if name == "'+'" and "string" in types:
        return ": convert with string(…), or use a text with ${…}"
    if name in ("'<'", "'<='", "'>'", "'>='") and "string" in types:
        return ": convert with int(…) or double(…)"
    if name == "contains()" and types.startswith("list"):
        return ": use 'x in list'"
    return ""


def _shown(name: str) -> str:
    stripped = name.strip("_")
    if name.startswith("_") or name in ("-_", "!_", "@in"):
        return f"'{_NATIVE.get(stripped, stripped)}'"
    return f"{stripped}()"
