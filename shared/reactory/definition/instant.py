"""Points in time as documents write them: RFC 3339, ``2027-01-31T08:00:00Z``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from reactory.exceptions import InvalidRequestError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?)?\Z"
)


MAX_INSTANT = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def parse_instant(text: str) -> int:
    """Milliseconds since the epoch; a time without an offset is UTC, a date alone its midnight."""
    said = f"{text!r} is no time: write it like 2027-01-31T08:00:00Z"
    if not isinstance(text, str) or not _INSTANT.match(text):
        raise InvalidRequestError(said)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise InvalidRequestError(said) from error
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)
