"""Failures that the kernel knows nothing of: a worker could do nothing for the instance, and settled it as FAILED. Its last
snapshot, and the facts since, are kept for the retry (WH-18).
"""

from __future__ import annotations

from reactory.ports.store import Instance

MISSING = "definition_missing"
"""Reason code of an instance whose definition is missing."""

TOO_LARGE = "state_too_large"
"""Reason code of an instance whose state the database cannot hold."""

GIVEN_UP = frozenset({MISSING, TOO_LARGE})


def is_given_up(instance: Instance) -> bool:
    """Whether its reason is one of these, asked for a retry since or not."""
    return (instance.reason or {}).get("code") in GIVEN_UP


def stays_given_up(instance: Instance) -> bool:
    """Whether it is to stay as it is: nobody has asked for a retry since."""
    return is_given_up(instance) and not (instance.inbox or instance.journal)
