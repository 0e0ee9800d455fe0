"""Regular expressions of documents, matched in linear time whatever the pattern and the text are.

The engine is RE2, as in CEL's ``matches``: no look-around and no back references, and nothing that a text could make
run for hours. Imported when the first pattern is looked at.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cel_expr_python import cel

MAX_PATTERN = 1000
_ERROR_PREFIX = "INVALID_ARGUMENT: invalid regular expression: "


class PatternError(ValueError):
    """The text is no regular expression that is accepted here; the message says why."""


@cache
def _program() -> tuple[cel.Expression, cel.Type]:
    from cel_expr_python import cel

    environment = cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING})
    return environment.compile("text.matches(pattern)"), cel.Type.ERROR


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text. Raises PatternError when it is no pattern."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters; shorten it")
    program, error = _program()
    if not text.isascii():
        text = text.encode(errors="replace").decode()  # half of a surrogate pair is no text for RE2
    result = program.eval(data={"text": text, "pattern": pattern})
    value = result.plain_value()
    if result.type() == error:
        reason = str(value).removeprefix(_ERROR_PREFIX)
        raise PatternError(
            f"{pattern!r} is no pattern: {reason}. Patterns are those of RE2, without look-around and back references"
        )
    return bool(value)
