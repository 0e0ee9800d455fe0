"""``Retry-After``, as another system sends it (RFC 9110, 10.2.3): seconds, or a date."""

from __future__ import annotations

from datetime import UTC

LONGEST_WAIT_MS = 86_400_000
"""Nobody is waited for longer than a day (EH-6)."""


def parse_retry_after(text: str, now: int | None) -> int | None:
    """Milliseconds to wait, a day at most; None for what is neither. ``now`` in ms; without it a date says nothing."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * 1000, LONGEST_WAIT_MS)
    if now is None:
        return None
    from email.utils import (
        parsedate_to_datetime,  # late: it brings half of `email` with it, and few answers have a date
    )

    try:
        date = parsedate_to_datetime(text)
        moment = date if date.tzinfo else date.replace(tzinfo=UTC)
        return min(max(0, int(moment.timestamp() * 1000) - now), LONGEST_WAIT_MS)
    except (ValueError, OverflowError):
        return None
