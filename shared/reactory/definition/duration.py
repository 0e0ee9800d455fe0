"""Lengths of time as documents write them: ``500ms``, ``5s``, ``1m``, ``2h``, ``3d``."""

from __future__ import annotations

import re

from reactory.exceptions import InvalidRequestError

MAX_DURATION = 36_500 * 86_400_000
"""A hundred years in milliseconds: longer ones are mistakes, and leave the range of dates."""

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,18})(ms|s|m|h|d)\Z")


def parse_duration(text: str) -> int:
    """Milliseconds. Raises InvalidRequestError when the text is no duration."""
    match = _DURATION.match(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidRequestError(
            f"{text!r} is no duration: write a whole number and one of ms, s, m, h, d without a space, such as 90s or 2h"
        )
    milliseconds = int(match.group(1)) * _UNITS[match.group(2)]
    if milliseconds > MAX_DURATION:
        raise InvalidRequestError(f"the duration {text} is longer than 100 years")
    return milliseconds
