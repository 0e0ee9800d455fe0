"""Copies of instances: what a caller changes in one must not change the store."""

from __future__ import annotations

from copy import deepcopy

from msgspec.structs import replace

from reactory.ports.store import Instance


def copied(instance: Instance) -> Instance:
    """Entries and texts are immutable; lists and what is free in form are not."""
    return replace(
        instance,
        reason=deepcopy(instance.reason),
        waits=list(instance.waits),
        tags=list(instance.tags),
        journal=list(instance.journal),
        inbox=list(instance.inbox),
        outbox=list(instance.outbox),
        history=list(instance.history),
    )


def without_history(instance: Instance) -> Instance:
    """What a claim answers."""
    return replace(copied(instance), history=[])


def bare(instance: Instance) -> Instance:
    """What a list answers."""
    return replace(copied(instance), state=None, journal=[], inbox=[], history=[], input="{}")
