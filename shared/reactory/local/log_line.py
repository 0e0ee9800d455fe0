"""A container's log record as a line for people. On AWS the same records stay JSON, for machines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

_QUIET = frozenset({"swept"})
"""What the sweeper says each minute: that it works is no news on a developer's own machine."""


def log_text(line: str) -> str | None:
    """``12:00:01 INFO  hello.greet  text``, with the traceback below it; None for a line that is no log record.

    The time is local. The third column is the step's path, else the logger. Empty for what is not worth a line.
    """
    if not line.startswith("{"):
        return None
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    clock = _clock(record.get("timestamp"))
    level, message = record.get("level"), record.get("message")
    if clock is None or not isinstance(level, str) or not isinstance(message, str):
        return None
    if message in _QUIET:
        return ""
    place = record.get("step_path") or record.get("step") or record.get("logger") or "-"
    return "\n".join([f"{clock} {level:<5} {place}  {message}", *_trace(record)])


def _clock(timestamp: object) -> str | None:
    if not isinstance(timestamp, str):
        return None
    try:
        return datetime.fromisoformat(timestamp).astimezone().strftime("%H:%M:%S")
    except (ValueError, OverflowError):
        return None


def _trace(record: Mapping[str, Any]) -> list[str]:
    exception = record.get("exception")
    stack = exception.get("stack") if isinstance(exception, dict) else exception
    return stack.splitlines() if isinstance(stack, str) else []
