"""Which open waits an event satisfies: the same rule for every store."""

from __future__ import annotations

from collections.abc import Iterable

from reactory.ports.store import OpenWait

_SIGNAL = "@"


def signalled(key: str) -> str | None:
    """The instance that a signal's key names; None for the key of an ordinary event."""
    return key[len(_SIGNAL) :] if key.startswith(_SIGNAL) else None


def matching(waits: Iterable[OpenWait], name: str, key: str, time: int) -> tuple[str, ...]:
    """The ids of the waits that match an event, in an instance of its tenant (and the one that it names, for a signal)."""
    return tuple(
        wait.id
        for wait in waits
        if wait.kind == "event"
        and wait.name == name
        and wait.since <= time
        and (wait.key is None or wait.key == key or signalled(key) is not None)
    )
