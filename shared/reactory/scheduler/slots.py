"""The slots of a schedule: the instants at which it fires, in milliseconds since the epoch (SC-3, SC-13).

Every process computes the same slots from the same document; nothing here knows which of them have fired.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator

from reactory.definition.instant import MAX_INSTANT
from reactory.scheduler.cron import Cron
from reactory.scheduler.schedule import CronTiming, IntervalTiming, OnceTiming, Schedule
from reactory.scheduler.zone import clock_at, instant_of, passed_at

_LAST_YEARS = 100 * 366 * 86_400_000
HORIZON = MAX_INSTANT - _LAST_YEARS
"""Nothing fires later: croniter looks ahead for fifty years, and must not leave the range of dates."""


def next_slot(schedule: Schedule, after_ms: int) -> int | None:
    """The first slot strictly after ``after_ms``; None when there is none any more. Whether the schedule is enabled
    plays no part.
    """
    return next(_slots(schedule, after_ms), None)


def slots_between(schedule: Schedule, after_ms: int, until_ms: int, limit: int) -> list[int]:
    """The slots after ``after_ms`` and not after ``until_ms``, the oldest first, at most ``limit`` of them."""
    within = itertools.takewhile(lambda slot: slot <= until_ms, _slots(schedule, after_ms))
    return list(itertools.islice(within, limit))


def jittered(schedule: Schedule, slot: int) -> int:
    """When the slot is carried out: up to the schedule's jitter later, and by as much in every process."""
    if schedule.jitter_ms == 0:
        return slot
    digest = hashlib.sha256(f"{schedule.id}:{slot}".encode()).digest()
    return slot + int.from_bytes(digest[:8]) % (schedule.jitter_ms + 1)


def _slots(schedule: Schedule, after: int) -> Iterator[int]:
    """All slots after ``after``, within the dates of the schedule; none is before 1970."""
    after = max(after, (schedule.starts or 0) - 1)
    until = HORIZON if schedule.ends is None else min(schedule.ends, HORIZON)
    if after >= until:
        return iter(())
    return itertools.takewhile(lambda slot: slot <= until, _of_timing(schedule, after))


def _of_timing(schedule: Schedule, after: int) -> Iterator[int]:
    match schedule.timing:
        case CronTiming(cron):
            return _cron_slots(cron, schedule, after)
        case IntervalTiming(every):
            origin = schedule.starts or 0
            return itertools.count(origin + ((after - origin) // every + 1) * every, every)
        case OnceTiming(at):
            return iter((at,) if at > after else ())


def _cron_slots(cron: Cron, schedule: Schedule, after: int) -> Iterator[int]:
    """Local times are evaluated one by one. Those that a gap skips are one slot together, at its end; if that is a time
    of the expression too, it is the same slot.
    """
    last, clock = after, passed_at(after, schedule.zone)
    while True:
        for local in cron.after(clock):
            instant, skipped = instant_of(local, schedule.zone)
            if instant > last:
                last = instant
                yield instant
            if skipped:
                clock = clock_at(instant, schedule.zone)
                break
        else:
            return
