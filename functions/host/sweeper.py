"""Once a minute: hints for every instance that is due, falls due soon, or was stranded."""

from __future__ import annotations

from typing import Any

from functions.host.wiring import services
from reactory.host.sweeper import sweep
from reactory.observability import logger

_LOG = logger(__name__)


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    from functions.runner.wiring import runner

    swept = sweep(services())
    runner().batches.stale()
    if swept.hints:
        _LOG.info("swept", hints=swept.hints, more=swept.more)
    return {"hints": swept.hints, "more": swept.more}
