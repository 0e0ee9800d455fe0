"""Slots that nobody carried out in time, because nothing ran: which of them are made up for (SC-13)."""

from __future__ import annotations

from collections.abc import Sequence

from reactory.scheduler.schedule import Misfire


def made_up(misfire: Misfire, missed: Sequence[int], now: int) -> list[int]:
    """Of the missed slots, in order, those to carry out now: none, the latest, or all, but none from before the window.
    All are in milliseconds since the epoch; every one of ``missed`` counts as missed, made up for or not.
    """
    recent = [slot for slot in missed if slot >= now - misfire.window_ms]
    match misfire.policy:
        case "skip":
            return []
        case "once":
            return recent[-1:]
        case "all":
            return recent
