"""Slots that were missed, and periods that are run on request (SC-13)."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.exceptions import InvalidRequestError
from reactory.scheduler import plan
from tests.unit.scheduler.lab import HOUR, MINUTE, SECOND, SchedulerLab, at


def after_an_outage(lab: SchedulerLab, policy: str, hours: int = 2, **more: Any) -> None:
    """The schedule has a slot every ten minutes, was fired once, and then nothing ran for ``hours``."""
    lab.add(cron="*/10 * * * *", misfire={"policy": policy, "window": 3600}, **more)
    lab.pass_time(10 * MINUTE + SECOND)
    assert lab.logged_slots() == [at("12:10")]
    lab.outage(hours * HOUR + 4 * MINUTE - SECOND)
    lab.pass_time(4 * MINUTE)


def test_missed_slots_are_skipped_and_counted(lab: SchedulerLab) -> None:
    """SC-13: by default none is made up, every one is counted, and one line of the log says which."""
    after_an_outage(lab, "skip")
    assert lab.logged_slots() == [at("12:10")]
    assert lab.stored().missed_count == 12
    (record,) = [one for one in lab.log() if one.status == "missed"]
    assert "12 slots up to 2026-01-01T14:10:00.000Z missed" in record.reason
    lab.pass_time(3 * MINUTE)
    assert lab.logged_slots() == [at("12:10"), at("14:20")]


def test_missed_slots_are_made_up_once(lab: SchedulerLab) -> None:
    """SC-13: with once, the latest of them runs; every one is counted."""
    after_an_outage(lab, "once")
    assert lab.logged_slots() == [at("12:10"), at("14:10")]
    assert lab.stored().missed_count == 12


def test_once_makes_up_nothing_older_than_the_window(lab: SchedulerLab) -> None:
    """SC-13: the window bounds what is made up."""
    lab.add(cron="0 13 * * *", misfire={"policy": "once", "window": 3600})
    lab.tick()
    lab.outage(4 * HOUR)
    lab.pass_time(3 * MINUTE)
    assert lab.logged_slots() == []
    assert lab.stored().missed_count == 1


def test_all_missed_slots_within_the_window_are_made_up(lab: SchedulerLab) -> None:
    """SC-13: with all, each one within the window runs, once; every one is counted, those outside of it too."""
    after_an_outage(lab, "all", overlap="allow")
    made_up = [at("13:20"), at("13:30"), at("13:40"), at("13:50"), at("14:00"), at("14:10")]
    assert lab.logged_slots() == [at("12:10"), *made_up]
    assert lab.stored().missed_count == 12


def test_made_up_slots_obey_overlap(lab: SchedulerLab) -> None:
    """SC-13, SC-7: making up starts no more runs at once than there may be; with queue they follow one another."""
    after_an_outage(lab, "all", overlap="queue", workflow={"id": "lab.Hold"})
    assert lab.states().count("started") == 1
    lab.release()
    lab.pass_time(MINUTE + 6 * SECOND)  # that one had run for two hours: it is looked at once a minute
    for _ in range(6):
        lab.release()
        lab.pass_time(6 * SECOND)
    assert len(lab.logged_slots()) == 7


def test_a_short_gap_is_no_outage(lab: SchedulerLab) -> None:
    """SC-13: one tick that did not come delays slots a little; none is missed."""
    lab.add(overlap="allow")
    lab.outage(MINUTE + 30 * SECOND)
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at("12:01"), at("12:02"), at("12:03")]
    assert lab.stored().missed_count == 0


@pytest.mark.parametrize(("policy", "fires"), [("skip", 0), ("once", 1), ("all", 3)])
def test_slots_that_were_claimed_before_an_outage(lab: SchedulerLab, policy: str, fires: int) -> None:
    """SC-13: a tick had claimed three slots, then nothing ran for half an hour: they are missed ones like the others."""
    lab.add(cron="0,20,40 1 12 1 1 *", misfire={"policy": policy, "window": 3600}, overlap="allow")
    lab.clock.advance(40 * SECOND)
    lab.tick()
    assert lab.states() == ["claimed"] * 3
    lab.outage(30 * MINUTE)
    lab.pass_time(2 * MINUTE)
    assert len(lab.logged_slots()) == fires
    assert lab.stored().missed_count == 3


@pytest.mark.parametrize(
    ("more", "statuses"),
    [
        ({"overlap": "queue"}, ["started", "queued", "queued"]),
        ({"overlap": "skip"}, ["started", "skipped", "skipped"]),
        ({"conditions": {"skipOnHolidays": ["2026-01-01"]}}, ["skipped"] * 3),
    ],
)
def test_a_missed_slot_counts_whatever_becomes_of_it(
    lab: SchedulerLab, more: dict[str, Any], statuses: list[str]
) -> None:
    """SC-13: slots that were claimed before an outage are made up for: each was missed, also one that waits or is
    skipped then.
    """
    lab.add(cron="0,20,40 1 12 1 1 *", misfire={"policy": "all"}, workflow={"id": "lab.Hold"}, **more)
    lab.clock.advance(40 * SECOND)
    lab.tick()
    lab.outage(30 * MINUTE)
    lab.pass_time(2 * MINUTE)
    assert lab.states() == statuses
    assert lab.stored().missed_count == 3
    assert lab.stored().skipped_count == statuses.count("skipped")


def test_a_long_outage_costs_each_tick_a_portion(lab: SchedulerLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """SC-13: a schedule of every second after a day: each tick counts a portion, new slots fire at once, none is lost."""
    monkeypatch.setattr(plan, "PORTION", 20_000)
    start = lab.clock.now() + 2 * MINUTE
    lab.add(cron="* * * * * *", schedule={"startDate": at("12:02")})
    lab.outage(24 * HOUR)
    before = lab.clock.now()
    lab.tick()
    assert lab.stored().missed_count == 20_000
    lab.clock.advance(MINUTE)
    lab.tick()
    lab.deliver()
    assert lab.stored().missed_count == 40_000
    assert len(lab.logged_slots()) == 1  # the others overlap with it
    for _ in range(4):
        lab.clock.advance(MINUTE)
        lab.tick()
    assert lab.stored().missed_count == (before - plan.MISFIRE_MS - start) // SECOND
    assert lab.stored().backlog_after is None


def test_a_change_of_the_document_keeps_what_is_to_be_counted(lab: SchedulerLab) -> None:
    """SC-13: an operator is faster than the first tick after an outage: other properties, the same slots."""
    lab.add()
    lab.outage(HOUR)
    lab.scheduler.desk.update("s", {"properties": {"a": 1}})
    lab.pass_time(2 * MINUTE)
    assert lab.stored().missed_count == 57
    assert lab.logged_slots()[0] == at("12:58")


def test_a_backfill_runs_a_past_period_once(lab: SchedulerLab) -> None:
    """SC-13: the slots of the period run one after another, each once, marked; a second request finds nothing to do."""
    lab.add(cron="0 * * * *", schedule={"enabled": False})
    lab.clock.advance(5 * HOUR)
    begin, end = lab.clock.now() - 3 * HOUR, lab.clock.now()
    tried = lab.scheduler.asked.backfill("s", begin, end, dry_run=True)
    assert (tried.matched, tried.claimed, lab.log()) == (4, 4, [])
    assert lab.scheduler.asked.backfill("s", begin, end, caller="ann").claimed == 4
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at("14:00"), at("15:00"), at("16:00"), at("17:00")]
    assert {(one.kind, one.caller) for one in lab.log()} == {("backfill", "ann")}
    assert lab.statuses() == ["COMPLETED"] * 4
    assert lab.scheduler.asked.backfill("s", begin, end).claimed == 0
    assert lab.stored().missed_count == 0


@pytest.mark.parametrize("overlap", ["skip", "queue", "cancel_running", "allow"])
def test_a_backfill_obeys_max_concurrent(lab: SchedulerLab, overlap: str) -> None:
    """SC-7, SC-13: with any overlap policy the slots run in order, and no more of them at once than maxConcurrent."""
    lab.add(
        cron="0 * * * *",
        workflow={"id": "lab.Hold"},
        overlap=overlap,
        maxConcurrent=2,
        schedule={"enabled": False},
    )
    lab.clock.advance(5 * HOUR)
    lab.scheduler.asked.backfill("s", lab.clock.now() - 4 * HOUR, lab.clock.now())
    for begun in (2, 4, 5):
        lab.pass_time(MINUTE)
        assert lab.logged_slots() == [at(f"{13 + number}:00") for number in range(begun)]
        lab.release()
        lab.clock.advance(SECOND)  # who begins in the moment of the event would have it, too


def test_a_backfill_gets_its_turn_where_runs_overlap(lab: SchedulerLab) -> None:
    """SC-7, SC-13: with overlap allow, regular runs that are always under way hold up no backfill, nor are they held up."""
    lab.add(cron="0 * * * *", workflow={"id": "lab.Hold"}, overlap="allow")
    lab.pass_time(2 * HOUR, step=20 * SECOND)
    lab.scheduler.asked.backfill("s", lab.clock.now() - 4 * HOUR, lab.clock.now() - 2 * HOUR)
    lab.pass_time(HOUR, step=20 * SECOND)
    assert lab.logged_slots() == [at("10:00"), at("13:00"), at("14:00"), at("15:00")]
    assert "1 run unfinished, maxConcurrent is 1" in [one.reason for one in lab.log()]
    lab.release()
    lab.clock.advance(SECOND)
    lab.pass_time(MINUTE - SECOND)
    assert lab.logged_slots()[:2] == [at("10:00"), at("11:00")]


def test_a_backfill_runs_what_was_missed_or_skipped(lab: SchedulerLab) -> None:
    """SC-13: slots that led to no run can be run later, those that did cannot."""
    after_an_outage(lab, "skip")
    begin = lab.clock.now() - 2 * HOUR - 8 * MINUTE  # 12:10, which was fired
    assert lab.scheduler.asked.backfill("s", begin, lab.clock.now() - 5 * MINUTE).claimed == 12
    lab.pass_time(90 * SECOND)
    assert lab.logged_slots() == [at(f"{12 + m // 60}:{m % 60:02d}") for m in range(10, 131, 10)]
    assert lab.stored().run_count == 13


def test_a_backfill_is_bounded(lab: SchedulerLab) -> None:
    """SC-13: too many slots, a period that is not over or that ends before it begins: 400, and nothing is done."""
    lab.add(schedule={"enabled": False})
    now = lab.clock.now()
    for begin, end, said in (
        (now - 24 * HOUR, now, "more than 1000 slots"),
        (now - HOUR, now + HOUR, "a period that ends by now"),
        (now, now - HOUR, "a period that ends by now"),
    ):
        with pytest.raises(InvalidRequestError, match=said):
            lab.scheduler.asked.backfill("s", begin, end)
    assert lab.log() == []
