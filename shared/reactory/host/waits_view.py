"""What an instance waits for, as clients see it: as data, and in words (formats.md, "Statuses")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reactory.kernel.machine import Machine, rfc3339
from reactory.kernel.state import Hold, NodeState, Wait
from reactory.kernel.timers import next_timer

NAMED = 3
"""So many waits are named in one line; of the others it says how many there are."""


def waits_of(machine: Machine) -> list[dict[str, Any]]:
    """``{id, kind, path, name, key, since, assignee, effectiveDate}`` of each open wait, those that have no meaning left
    out. ``since`` is when it began; events from before ``effectiveDate`` do not count. A child's ``id`` is its own.
    """
    return [_shown(path, live, wait) for path, live, wait in _open_waits(machine)]


def activity_of(machine: Machine) -> str | None:
    """What a RUNNING instance is doing: ``executing``, ``waiting for …`` or ``sleeping until …``; None for any other."""
    state = machine.state
    if state.status != "RUNNING":
        return None
    if any(live.phase or (live.status == "RUNNING" and live.attempt) for live in state.live.values()):
        return "executing"
    waits = list(dict.fromkeys(waiting_for(wait) for _, _, wait in _open_waits(machine)))
    if waits:
        more = len(waits) - NAMED
        return f"waiting for {', '.join(waits[:NAMED])}" + (f" and {more} more" if more > 0 else "")
    timer = next_timer(state)
    if timer is None:
        return "executing"
    hold = next((live.hold for live in state.live.values() if live.hold is not None and live.due == timer), None)
    return f"sleeping until {rfc3339(timer)}" + ("" if hold is None else f": {held_by(hold)}")


_HOLDS = {"circuit": "circuit '{}' is open", "rate": "rate limit '{}'", "concurrency": "concurrency limit '{}'"}


def held_by(hold: Hold) -> str:
    """Which guard lets a step wait, in words."""
    return _HOLDS[hold.by].format(hold.key)


def waiting_for(wait: Wait) -> str:
    """``event paid (key o1)``, ``ann``, ``activity print``, ``instance c…``: what stands behind "waiting for"."""
    match wait.kind:
        case "event":
            return f"event {wait.name}" if wait.key is None else f"event {wait.name} (key {wait.key})"
        case "user":
            return wait.assignee or f"somebody ({wait.name})"
        case "activity":
            return f"activity {wait.name}"
        case "child":
            return f"instance {wait.id}"


def _open_waits(machine: Machine) -> Iterator[tuple[str, NodeState, Wait]]:
    for path, live in machine.state.live.items():
        if live.wait is not None:
            yield path, live, live.wait
        for child in live.children.values():  # of a distributed loop
            yield path, live, Wait(child, "child", machine.program.id)


def _shown(path: str, live: NodeState, wait: Wait) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": wait.id,
        "kind": wait.kind,
        "path": path,
        "name": wait.name,
        "key": wait.key,
        "since": rfc3339(live.started),
    }
    if wait.assignee is not None:
        shown["assignee"] = wait.assignee
    if wait.kind == "event":
        shown["effectiveDate"] = rfc3339(wait.since)
    return shown
