"""Lengths and moments as documents give them, rendered: numbers of milliseconds, or texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any

from reactory.definition.duration import parse_duration
from reactory.definition.instant import parse_instant
from reactory.definition.language.resolution import Scope
from reactory.definition.program import Duration
from reactory.exceptions import ExpressionError, InvalidRequestError

LONGEST = 100 * 366 * 24 * 3600 * 1000
"""A hundred years, in milliseconds: what is longer is a mistake, and no date can hold it."""

_DIGITS = re.compile(r"[0-9]{1,20}\Z")


def length(duration: Duration, scope: Scope, what: str, *, texts: bool = False) -> int:
    """Milliseconds; with ``texts`` an amount may turn out to be a text. Raises ExpressionError that names ``what``."""
    if duration.text is not None:
        return _parsed(parse_duration, duration.text.render(scope), what)
    value: Any = None if duration.amount is None else duration.amount.render(scope)
    if texts and isinstance(value, str):
        return _parsed(parse_duration, value, what)
    if isinstance(value, str) and _DIGITS.match(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise ExpressionError(f"{what} must be a number of milliseconds, not {value!r}")
    return int(value)


def bounded(duration: Duration, scope: Scope, what: str, *, texts: bool = False) -> int:
    """The same, of at most a hundred years."""
    found = length(duration, scope, what, texts=texts)
    if found > LONGEST:
        raise ExpressionError(f"{what} is longer than a hundred years: durations are milliseconds")
    return found


def instant(value: Any, what: str) -> int:
    """An RFC 3339 time, or milliseconds since the epoch, as milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and -inf < value < inf:
        return int(value)
    return _parsed(parse_instant, value, what)


def _parsed(parse: Callable[[str], int], value: Any, what: str) -> int:
    try:
        return parse(value)
    except InvalidRequestError as error:
        raise ExpressionError(f"{what}: {error.message}") from None
