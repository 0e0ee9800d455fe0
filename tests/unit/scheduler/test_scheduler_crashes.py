"""A process may die, or stop, at any call of a port: each slot leads to one instance, and all is counted once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from reactory.host.worker import WakeUp
from reactory.ports.executions import Kind
from reactory.runner.instant import to_text
from tests.unit.scheduler.lab import HOUR, MINUTE, SECOND, Make, SchedulerLab, at
from tests.unit.scheduler.mortal import DeathSignal, Life, Paused, dies_at, living

STEP = 20 * SECOND
REPEATED = 400_000
"""Milliseconds: longer than a message stays invisible that a dead process had received."""


class Outcome(NamedTuple):
    """What users see in the end, times apart."""

    slots: tuple[str, ...]
    states: tuple[str, ...]
    counts: tuple[int, int, int, int]
    running: int
    numbers: tuple[int, ...]


def outcome(lab: SchedulerLab) -> Outcome:
    stored = lab.stored()
    return Outcome(
        tuple(lab.logged_slots()),
        tuple(one.status for one in lab.log()),
        (stored.run_count, stored.error_count, stored.missed_count, stored.skipped_count),
        len(stored.running),
        tuple(sorted(one.number for one in lab.log() if one.number is not None)),
    )


def run(lab: SchedulerLab, milliseconds: int) -> None:
    """As time passes; whoever dies is followed by a healthy process."""
    end = lab.clock.now() + milliseconds
    while lab.clock.now() < end:
        if lab.clock.now() % MINUTE == 0:
            attempt(lab, lab.tick)
        attempt(lab, lab.deliver)
        lab.clock.advance(STEP)


def attempt(lab: SchedulerLab, work: Callable[[], Any]) -> None:
    try:
        work()
    except DeathSignal:
        lab.scheduler = lab.make_scheduler()
        lab.work()


def plain(lab: SchedulerLab, life: Life) -> None:
    """Two slots, each a run to its end."""
    lab.add(cron="1,3 12 * * *", overlap="allow")
    lab.scheduler = living(lab, life)
    run(lab, 4 * MINUTE)


def skipping(lab: SchedulerLab, life: Life) -> None:
    """Three slots, of which the first runs on and on."""
    lab.add(cron="1,3,5 12 * * *", workflow={"id": "lab.Hold"})
    lab.scheduler = living(lab, life)
    run(lab, 6 * MINUTE)


def queueing(lab: SchedulerLab, life: Life) -> None:
    """Two slots of which the second waits for the first."""
    lab.add(cron="1,2 12 * * *", workflow={"id": "lab.Hold"}, overlap="queue")
    lab.scheduler = living(lab, life)
    run(lab, 4 * MINUTE)
    lab.release()
    run(lab, 2 * MINUTE)


def cancelling(lab: SchedulerLab, life: Life) -> None:
    """Two slots of which the second replaces the first."""
    lab.add(cron="1,3 12 * * *", workflow={"id": "lab.Hold"}, overlap="cancel_running")
    lab.scheduler = living(lab, life)
    run(lab, 4 * MINUTE)


def failing(lab: SchedulerLab, life: Life) -> None:
    """A slot whose workflow is missing, and stays so."""
    lab.add(cron="1 12 * * *", workflow={"id": "lab.Missing"}, retry={"attempts": 2, "delay": 40})
    lab.scheduler = living(lab, life)
    run(lab, 3 * MINUTE)


def late(policy: str) -> Callable[[SchedulerLab, Life], None]:
    def scenario(lab: SchedulerLab, life: Life) -> None:
        lab.add(cron="0,20,40 12 * * *", misfire={"policy": policy, "window": 3600}, overlap="allow")
        lab.clock.advance(HOUR)
        lab.scheduler = living(lab, life)
        run(lab, 3 * MINUTE)

    return scenario


def backfilling(lab: SchedulerLab, life: Life) -> None:
    """Two slots of the past; whoever asked for them asks again when nothing came back."""
    lab.add(cron="20,40 12 * * *", schedule={"enabled": False})
    lab.clock.advance(HOUR)
    lab.scheduler = living(lab, life)
    begin, end = lab.clock.now() - HOUR, lab.clock.now()
    attempt(lab, lambda: lab.scheduler.asked.backfill("s", begin, end))
    attempt(lab, lambda: lab.scheduler.asked.backfill("s", begin, end))
    run(lab, 2 * MINUTE)


SCENARIOS: dict[str, Callable[[SchedulerLab, Life], None]] = {
    "plain": plain,
    "skipping": skipping,
    "queueing": queueing,
    "cancelling": cancelling,
    "failing": failing,
    "missed-skip": late("skip"),
    "missed-once": late("once"),
    "missed-all": late("all"),
    "backfilling": backfilling,
}


def healed(make: Make, scenario: Callable[[SchedulerLab, Life], None], life: Life) -> Outcome:
    """The scenario, then ticks until all is done."""
    lab = make()
    scenario(lab, life)
    lab.scheduler = lab.make_scheduler()
    run(lab, REPEATED)
    for due in lab.instances.due(0, 100):  # the sweeper's part
        lab.worker.handle([WakeUp(due[0])])
    for _ in range(2):
        lab.release()
        run(lab, 16 * MINUTE)
    return outcome(lab)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_process_may_die_at_any_call(make: Make, name: str) -> None:
    """SC-6, SC-7, SC-8, SC-12, SC-13: whatever call was a process's last one, made or not: what comes out in the end is
    what comes out when nobody dies. Each slot has one instance, and each outcome is counted once.
    """
    undisturbed = Life(lambda _call, _after: None)
    expected = healed(make, SCENARIOS[name], undisturbed)
    assert expected.running == 0
    for number in range(1, undisturbed.calls + 1):
        for after in (False, True):
            found = healed(make, SCENARIOS[name], dies_at(number, after=after))
            assert found == expected, f"died {'after' if after else 'before'} call {number}"


def paused_pairs(make: Make, prepare: Callable[[SchedulerLab], Callable[[Any], object]]) -> None:
    """Two processes do the same work: one stops after any of its calls, the other begins, stops after any of its own;
    the first goes on to its end, then the second.
    """
    expected: Outcome | None = None
    for first in range(1, 40):
        for second in range(40):
            lab = make()
            work = prepare(lab)
            one, other = Paused(first), Paused(second)
            ours, theirs = living(lab, one.life), living(lab, other.life)
            one.begin(lambda: work(ours))  # noqa: B023 - runs before the next turn of the loop
            other.begin(lambda: work(theirs))  # noqa: B023 - the same
            one.resume()
            other.resume()
            lab.work()
            run(lab, REPEATED)
            found = outcome(lab)
            expected = expected or found
            assert found == expected, f"stopped after calls {first} and {second}"
            lab.close()
            if other.life.calls < second:
                break
        if one.life.calls < first:
            return
    pytest.fail("the work takes more calls than are tried")


def test_two_ticks_at_once(make: Make) -> None:
    """SC-6: two ticks interleaved in any way claim each slot once, and count what was missed once."""

    def prepare(lab: SchedulerLab) -> Callable[[Any], object]:
        lab.add(cron="*/20 * * * *", misfire={"policy": "once"}, overlap="allow")
        lab.clock.advance(HOUR - MINUTE)
        return lambda scheduler: scheduler.ticks.tick()

    paused_pairs(make, prepare)


@pytest.mark.parametrize("workflow", ["lab.Flow", "lab.Missing"])
def test_one_slot_fired_twice_at_once(make: Make, workflow: str) -> None:
    """SC-6: a message that is delivered twice at the same moment starts one instance, and fails as one."""

    def prepare(lab: SchedulerLab) -> Callable[[Any], object]:
        lab.add(cron="1 12 1 1 *", workflow={"id": workflow}, retry={"attempts": 1})
        lab.tick()
        lab.clock.advance(MINUTE)
        (claimed,) = lab.log()
        return lambda scheduler: scheduler.fire.handle(claimed.id)

    paused_pairs(make, prepare)


def fire_both(lab: SchedulerLab, first: int) -> None:
    """Two slots: the one is fired up to its call ``first`` of a port, then the other, then the rest of the one."""
    one, two = lab.log()
    paused = Paused(first)
    ours = living(lab, paused.life)
    paused.begin(lambda: ours.fire.handle(one.id))
    lab.scheduler.fire.handle(two.id)
    paused.resume()
    lab.work()


def test_two_slots_fired_at_once_take_one_place(make: Make) -> None:
    """SC-7: two slots of one schedule judged at the same moment: one of them runs, the other is skipped."""
    for first in range(1, 12):
        lab = make()
        lab.add(cron="0,20 1 12 1 1 *", workflow={"id": "lab.Hold"})
        lab.clock.advance(50 * SECOND)
        lab.tick()
        lab.clock.advance(30 * SECOND)
        fire_both(lab, first)
        assert sorted(lab.states()) == ["skipped", "started"]
        assert len(lab.logged_slots()) == 1
        assert (lab.stored().run_count, lab.stored().skipped_count) == (1, 1)
        lab.close()


@pytest.mark.parametrize("kind", ["slot", "catch_up"])
def test_two_slots_fired_at_once_do_not_both_run_alone(make: Make, kind: Kind) -> None:
    """SC-10: two slots, or a slot and one made up for, judged at the same moment: skipIfPreviousRunning lets one of
    them run, wherever the other stands meanwhile, and the log says so.
    """
    for first in range(1, 12):
        lab = make()
        alone = {"skipIfPreviousRunning": True}
        lab.add(cron="0,20 1 12 1 1 *", workflow={"id": "lab.Hold"}, overlap="allow", conditions=alone)
        lab.clock.advance(50 * SECOND)
        lab.tick()
        lab.clock.advance(30 * SECOND)
        one, two = lab.log()
        lab.executions.update(replace(one, kind=kind, version=one.version + 1))
        fire_both(lab, first)
        assert sorted(lab.states()) == ["skipped", "started"]
        (skipped,) = [found for found in lab.log() if found.status == "skipped"]
        other = one if skipped.id == two.id else two
        assert skipped.reason == f"the run of {to_text(other.slot)} is unfinished (skipIfPreviousRunning)"
        assert (len(lab.logged_slots()), lab.stored().run_count, lab.stored().skipped_count) == (1, 1, 1)
        lab.close()


def test_messages_come_in_any_number_and_order(make: Make) -> None:
    """SC-6: every message twice, the later ones first, some lost: each slot once."""
    lab = make()
    lab.add(cron="*/10 * * * * *", overlap="allow")
    for _ in range(3):
        lab.tick()
        lab.clock.advance(MINUTE)
        slots = [one.id for one in lab.log()]
        for execution_id in [*reversed(slots), *slots[::2]]:
            lab.scheduler.fire.handle(execution_id)
        lab.work()
    with suppress(IndexError):
        lab.outage(0)
    expected = [at(f"12:{m:02d}:{s:02d}") for m in range(3) for s in range(0, 60, 10)][1:]
    assert [slot for slot in lab.logged_slots() if slot <= at("12:02:50")] == expected
    assert len(set(lab.logged_slots())) == len(lab.logged_slots())


def test_a_tick_that_died_before_an_outage(make: Make) -> None:
    """SC-13: dead between claiming slots and moving on, and no tick for a while: what was claimed fires, late, and only
    what was not claimed counts as missed.
    """
    for number in range(1, 6):
        lab = make()
        lab.add(cron="*/20 * * * * *", overlap="allow")
        lab.scheduler = living(lab, dies_at(number, after=True))
        attempt(lab, lab.tick)
        lab.outage(5 * MINUTE)
        run(lab, 2 * MINUTE + STEP)
        due = 7 * 3
        assert lab.stored().missed_count + sum(slot <= at("12:07") for slot in lab.logged_slots()) == due, number
        assert len(set(lab.logged_slots())) == len(lab.logged_slots())
