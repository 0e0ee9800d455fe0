"""Times as answers show them: RFC 3339 in UTC with milliseconds. Inside, a time is milliseconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_text(milliseconds: int) -> str:
    """``2026-11-23T15:04:05.123Z``."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
