"""Once a minute: claims the slots of schedules that fall due, and has each fired at its second."""

from __future__ import annotations

from typing import Any

from functions.scheduler.wiring import ticks
from reactory.observability import logger

_LOG = logger(__name__)


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    ticked = ticks().tick()
    if ticked.hints or ticked.missed:
        _LOG.info("ticked", claimed=ticked.claimed, missed=ticked.missed, hints=ticked.hints, more=ticked.more)
    return {"claimed": ticked.claimed, "missed": ticked.missed, "hints": ticked.hints, "more": ticked.more}
