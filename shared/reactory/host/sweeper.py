"""The sweep: once a minute, hints for all that is due or stranded, or falls due before the sweep after the next."""

from __future__ import annotations

from dataclasses import dataclass

from reactory.host.services import Services
from reactory.host.wakeups import send_wakeups

AHEAD_MS = 120_000
"""A sweep looks two minutes ahead, so that one missed sweep delays no timer (WH-7)."""

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Swept:
    """How many hints were sent, and whether there may be more than this sweep could take."""

    hints: int
    more: bool


def sweep(services: Services, limit: int = 10_000) -> Swept:
    """Send a hint for each instance due within two minutes, delayed until it is due. Costs what is due, not what exists."""
    due = services.instances.due(AHEAD_MS, limit)
    now = services.clock.now()
    for begin in range(0, len(due), PAGE):
        page = due[begin : begin + PAGE]
        send_wakeups(services.queue, [(i, priority, wake_at - now, "default") for i, wake_at, priority in page])
    return Swept(len(due), len(due) == limit)
