"""Occurrences of errors put together before they are written: one entry per count and one per hour, whatever a batch held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reactory.exceptions import InvalidCursorError
from reactory.ports.statistics import BUCKET_MS, Occurrence

CountKey = tuple[str, str, str, str]
"""Tenant, workflow, step, category."""

HourKey = tuple[str, str, int, str]
"""Tenant, workflow, when the hour begins, category."""


@dataclass(slots=True)
class Tally:
    """What one count is to be increased by; ``latest`` of those of the batch."""

    count: int
    first: int
    latest: Occurrence


def rank(one: Occurrence) -> tuple[int, str, str, str, str, str]:
    """The greatest is the latest. Of several at one time it is the same one whatever their order."""
    return one.at, one.severity, one.type, one.code, one.message, one.instance_id


def by_count(occurrences: Sequence[Occurrence]) -> dict[CountKey, Tally]:
    tallies: dict[CountKey, Tally] = {}
    for one in occurrences:
        key = (one.tenant, one.workflow_id, one.step_id, one.category)
        tally = tallies.setdefault(key, Tally(0, one.at, one))
        tally.count += 1
        tally.first = min(tally.first, one.at)
        tally.latest = max(tally.latest, one, key=rank)
    return tallies


def by_hour(occurrences: Sequence[Occurrence]) -> dict[HourKey, int]:
    counts: dict[HourKey, int] = {}
    for one in occurrences:
        key = (one.tenant, one.workflow_id, one.at - one.at % BUCKET_MS, one.category)
        counts[key] = counts.get(key, 0) + 1
    return counts


def place(after: str) -> tuple[str, str, str]:
    """The (workflow, step, category) that a page begins behind. Only a step's name may hold a slash."""
    workflow, _, rest = after.partition("/")
    step, separator, category = rest.rpartition("/")
    if not separator:
        raise InvalidCursorError("The cursor is none of this list: begin again without it.")
    return workflow, step, category
