"""The sweep: once a minute, hints for all that is due or stranded, or falls due before the sweep after the next."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from reactory.exceptions import UnavailableError
from reactory.host.services import Services
from reactory.host.wakeups import send_wakeups

_LOG = logging.getLogger("reactory.host")

AHEAD_MS = 120_000
"""A sweep looks two minutes ahead, so that one missed sweep delays no timer (WH-7)."""

SWEEP_MS = 60_000
"""Until the next sweep."""

LEASES_MOST = 10_000
PAGE = 1000


BUDGET_S = 40.0
"""Seconds that one sweep may take; what it did not come to is the next one's."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many hints were sent, and whether there may be more than this sweep had time for."""

    hints: int
    more: bool


def sweep(services: Services) -> Swept:
    """Send a hint for each instance due within two minutes, delayed until it is due. Costs what is due, not what exists."""
    end = services.clock.monotonic() + BUDGET_S
    hints = _watch_leases(services) + _remind_of_events(services)
    after: tuple[int, str] | None = None
    while True:
        page = services.instances.due(AHEAD_MS, PAGE, after)
        now = services.clock.now()
        send_wakeups(services.queue, [(i, priority, wake_at - now, "default") for i, wake_at, priority in page])
        hints += len(page)
        if len(page) < PAGE:
            return Swept(hints, more=False)
        if services.clock.monotonic() >= end:
            return Swept(hints, more=True)
        after = page[-1][1], page[-1][0]


def _remind_of_events(services: Services) -> int:
    """Events whose time comes soon, and those whose publisher did not come to deliver them (WH-9). How many there are."""
    due = services.events.due(AHEAD_MS, LEASES_MOST)
    now = services.clock.now()
    if due:
        try:
            services.desk().remind([(event_id, due_at - now, tenant) for event_id, due_at, tenant in due])
        except UnavailableError as error:
            _LOG.warning("events not reminded of, the next sweep finds them: %s", error.message)
    return len(due)


def _watch_leases(services: Services) -> int:
    """An owner may be dead, and its message with it: look again when its lease is over (WH-3). Who is alive has renewed
    it by then, and the hint finds nothing to do. How many there are.
    """
    ending = services.instances.ending(SWEEP_MS, LEASES_MOST)
    # whole seconds, so that many fit into one message
    hints = [(i, priority, (left // 1000 + 1) * 1000, "default") for i, left, priority in ending]
    send_wakeups(services.queue, hints)
    return len(hints)
