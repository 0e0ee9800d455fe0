"""What happens when runs would overlap, over the whole run (SC-7)."""

from __future__ import annotations

from typing import Any

import pytest

from reactory.runner.control import ControlInstance
from reactory.scheduler.judge import LOOK_ON_MS, MOST_ASKED, MOST_QUEUED, POLL_MS
from tests.unit.scheduler.lab import HOUR, MINUTE, SECOND, SchedulerLab, at


def hold(lab: SchedulerLab, **more: Any) -> None:
    lab.add(workflow={"id": "lab.Hold"}, **more)


def fill(lab: SchedulerLab, count: int) -> None:
    """So many runs, and it is five seconds later."""
    for number in range(count):
        lab.scheduler.asked.trigger("s")
        if number % (count // 5) == 0 and number:
            lab.clock.advance(SECOND)
    lab.work()


def test_overlap_is_skipped_counted_and_told(lab: SchedulerLab) -> None:
    """SC-7: by default a slot is skipped while the run before is unfinished, however long; counted, with the reason."""
    hold(lab)
    lab.pass_time(4 * MINUTE)
    assert lab.logged_slots() == [at("12:01")]
    assert lab.states()[1:] == ["skipped"] * 3
    assert lab.log()[1].reason == "1 run unfinished, maxConcurrent is 1 (overlap: skip)"
    assert (lab.stored().run_count, lab.stored().skipped_count, lab.stored().missed_count) == (1, 3, 0)
    lab.release()
    lab.pass_time(MINUTE)
    assert lab.logged_slots() == [at("12:01"), at("12:05")]


@pytest.mark.parametrize("limit", [2, 3])
def test_at_most_so_many_runs(lab: SchedulerLab, limit: int) -> None:
    """SC-7: maxConcurrent N allows N unfinished runs, and no more."""
    hold(lab, maxConcurrent=limit)
    lab.pass_time(5 * MINUTE)
    assert len(lab.logged_slots()) == limit
    assert lab.stored().skipped_count == 5 - limit


def test_an_end_is_noticed_when_it_matters(lab: SchedulerLab) -> None:
    """SC-7: a run that ended just before the next slot is no reason to skip it."""
    hold(lab)
    lab.pass_time(2 * MINUTE - SECOND)
    lab.release()
    lab.pass_time(2 * SECOND)
    assert lab.logged_slots() == [at("12:01"), at("12:02")]


def test_a_run_whose_instance_is_gone_is_over(lab: SchedulerLab) -> None:
    """SC-7: an instance that was removed blocks no slot."""
    hold(lab)
    lab.pass_time(MINUTE + SECOND)
    lab.instances._instances.clear()
    lab.pass_time(MINUTE)
    assert lab.logged_slots() == [at("12:02")]


def test_a_paused_run_is_unfinished(lab: SchedulerLab) -> None:
    """SC-7: the check covers the whole run: one that an operator has paused still counts."""
    hold(lab)
    lab.pass_time(MINUTE + SECOND)
    lab.runner.control.control(lab.log()[0].instance_id or "", "pause")
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at("12:01")]


def test_queued_slots_start_in_order(lab: SchedulerLab) -> None:
    """SC-7: with overlap queue they wait, and start one after another, the earliest first, soon after the one before."""
    hold(lab, overlap="queue")
    lab.pass_time(4 * MINUTE)
    assert lab.states() == ["started", "queued", "queued", "queued"]
    lab.scheduler.desk.stop("s")
    lab.scheduler.desk.start("s")
    began = []
    for _ in range(4):
        lab.release()
        before = lab.clock.now()
        lab.pass_time(POLL_MS + SECOND, ticks=False)
        began.append(len(lab.logged_slots()))
        assert lab.clock.now() - before <= POLL_MS + SECOND
    assert began == [2, 3, 4, 4]
    assert lab.logged_slots() == [at(f"12:0{m}") for m in (1, 2, 3, 4)]
    assert [one.number for one in lab.log()][:4] == [1, 2, 3, 4]


def test_a_new_slot_does_not_pass_those_that_wait(lab: SchedulerLab) -> None:
    """SC-7: a place becomes free just as a new slot comes: the slot that has waited gets it."""
    hold(lab, overlap="queue")
    lab.pass_time(3 * MINUTE - SECOND, step=SECOND)
    lab.release()
    lab.pass_time(2 * SECOND, step=2 * SECOND)
    lab.pass_time(10 * SECOND)
    assert lab.logged_slots() == [at("12:01"), at("12:02")]


def test_the_queue_is_bounded(lab: SchedulerLab) -> None:
    """SC-7: so many slots wait; further ones are skipped, counted, with the reason."""
    hold(lab, overlap="queue")
    lab.pass_time((MOST_QUEUED + 3) * MINUTE + SECOND, step=10 * SECOND)
    assert lab.states().count("queued") == MOST_QUEUED
    assert lab.stored().skipped_count == 2
    assert f"{MOST_QUEUED} slots wait already" in next(one.reason for one in lab.log() if one.status == "skipped")


def test_a_backfill_does_not_fill_the_queue(lab: SchedulerLab) -> None:
    """SC-7, SC-13: however many slots of a backfill wait, the regular ones wait behind them and are not skipped."""
    hold(lab, overlap="queue", cron="0 * * * *")
    begin = lab.clock.now() - (MOST_QUEUED + 5) * HOUR
    assert lab.scheduler.asked.backfill("s", begin, lab.clock.now()).claimed == MOST_QUEUED + 6
    lab.pass_time(2 * HOUR + SECOND, step=20 * SECOND)
    assert [one.status for one in lab.log() if one.kind == "slot"] == ["queued"] * 2
    assert lab.stored().skipped_count == 0


def test_a_change_leaves_those_that_wait(lab: SchedulerLab) -> None:
    """SC-5, SC-7: a slot whose time had come before the schedule was changed keeps its turn."""
    hold(lab, overlap="queue")
    lab.pass_time(2 * MINUTE + SECOND)
    lab.scheduler.desk.update("s", {"schedule": {"cron": "0 0 1 1 *"}})
    lab.release()
    lab.pass_time(10 * SECOND)
    assert lab.logged_slots() == [at("12:01"), at("12:02")]


@pytest.mark.parametrize("overlap", ["skip", "queue", "cancel_running"])
def test_a_free_place_is_found_behind_many_long_runs(lab: SchedulerLab, overlap: str) -> None:
    """SC-7: all places seem to be taken, but the latest run has ended: the slot takes its place soon, and no run is
    cancelled for it, however many there are.
    """
    count = 2 * MOST_ASKED + 1
    hold(lab, overlap=overlap, maxConcurrent=count)
    fill(lab, count)
    latest = [one for one in lab.log() if one.kind == "manual"][-1]
    lab.runner.control.control(latest.instance_id or "", "cancel")
    lab.work()
    lab.pass_time(MINUTE - 5 * SECOND + 2 * LOOK_ON_MS + 2 * SECOND, step=SECOND // 2)
    assert lab.logged_slots()[-1] == at("12:01")
    assert lab.statuses().count("CANCELLED") == 1
    assert lab.stored().skipped_count == 0


def test_many_long_runs_leave_no_place(lab: SchedulerLab) -> None:
    """SC-7: none of many runs has ended: the slot is skipped when all have been asked, so many at a time."""
    count = 2 * MOST_ASKED + 1
    hold(lab, maxConcurrent=count)
    fill(lab, count)
    lab.pass_time(MINUTE - 4 * SECOND)
    slot = next(one for one in lab.log() if one.kind == "slot").id
    assert [one.status for one in lab.log() if one.id == slot] == ["claimed"]
    lab.pass_time(2 * LOOK_ON_MS + SECOND)
    assert [one.reason for one in lab.log() if one.id == slot] == [
        f"{count} runs unfinished, maxConcurrent is {count} (overlap: skip)"
    ]
    assert lab.stored().skipped_count == 1


def test_who_waits_behind_a_slot_that_is_skipped_comes_next(lab: SchedulerLab) -> None:
    """SC-4, SC-7: the schedule is stopped while slots wait: all of them are skipped at once, one after the other, and
    what was asked for by hand behind them gets its turn.
    """
    hold(lab, overlap="queue")
    lab.pass_time(5 * MINUTE + 30 * SECOND)
    assert lab.scheduler.asked.trigger("s").status == "queued"
    lab.scheduler.desk.stop("s")
    lab.release()
    lab.pass_time(30 * SECOND, ticks=False)
    assert lab.states()[:6] == ["done", "skipped", "skipped", "skipped", "skipped", "started"]


def test_slots_that_wait_cost_little(lab: SchedulerLab) -> None:
    """SC-7: of all that wait only the first looks every few seconds, and each look makes one message, not more."""
    hold(lab, overlap="queue")
    lab.pass_time(10 * MINUTE)
    lab.scheduler.desk.update("s", {"schedule": {"cron": "0 0 1 1 *"}})
    counts = []
    for _ in range(3):
        before = lab.clock.now()
        count = 0
        while lab.clock.now() < before + 10 * MINUTE:
            if lab.clock.now() % MINUTE == 0:
                lab.tick()
            count += lab.deliver()
            lab.clock.advance(SECOND)
        counts.append(count)
    assert max(counts) <= 10 * 12 * 2 + 10 * 10 * 3
    assert counts[2] <= counts[0] + 10


def test_who_waits_behind_a_long_run_looks_seldom(lab: SchedulerLab) -> None:
    """SC-7: a run that takes hours is asked once a minute whether it is over, not every few seconds."""
    hold(lab, overlap="queue", cron="0 * * * *")
    lab.pass_time(4 * HOUR, step=20 * SECOND)
    lab.scheduler.desk.update("s", {"schedule": {"cron": "0 0 1 1 *"}})
    count = 0
    for _ in range(10 * 60):
        if lab.clock.now() % MINUTE == 0:
            lab.tick()
        count += lab.deliver()
        lab.clock.advance(SECOND)
    assert count <= 10 * 3 * 2
    assert len(lab.logged_slots()) == 1
    lab.release()
    lab.pass_time(MINUTE + SECOND)
    assert lab.logged_slots()[:2] == [at("13:00"), at("14:00")]


def test_cancel_running_replaces_the_run(lab: SchedulerLab) -> None:
    """SC-7: the run before is cancelled with a reason that names its successor, which then starts."""
    hold(lab, overlap="cancel_running")
    lab.pass_time(3 * MINUTE)
    assert lab.statuses() == ["CANCELLED", "CANCELLED", "RUNNING"]
    reason = lab.runner.query.get(lab.log()[0].instance_id or "")["reason"]
    assert f"replaced by the run of {at('12:02')} of the schedule s" in reason["message"]
    assert [one.outcome for one in lab.log()] == ["CANCELLED", "CANCELLED", None]
    assert lab.stored().skipped_count == 0


def test_a_run_that_ends_before_it_is_cancelled_was_not_replaced(lab: SchedulerLab) -> None:
    """SC-7: it ends just as it is to be cancelled: the log says how it ended, and nothing of a successor."""
    hold(lab, overlap="cancel_running")
    lab.pass_time(2 * MINUTE - SECOND)
    cancel = ControlInstance.control

    def late(control: ControlInstance, *args: Any, **named: Any) -> Any:
        lab.release()
        return cancel(control, *args, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ControlInstance, "control", late)
        lab.pass_time(2 * SECOND)
    assert [(one.outcome, one.reason) for one in lab.log()[:1]] == [("COMPLETED", "")]
    assert lab.logged_slots() == [at("12:01"), at("12:02")]


def test_allow_starts_every_slot(lab: SchedulerLab) -> None:
    """SC-7: with overlap allow nothing is asked; the schedule is running as long as any of them is."""
    hold(lab, overlap="allow")
    lab.pass_time(4 * MINUTE)
    assert lab.statuses() == ["RUNNING"] * 4
    assert lab.scheduler.desk.get("s").is_running
    lab.release()
    assert not lab.scheduler.desk.get("s").is_running


def test_runs_of_other_origin_do_not_count(lab: SchedulerLab) -> None:
    """SC-7: only runs of this schedule count, not others of its workflow."""
    for _ in range(3):
        lab.runner.start.start_workflow("lab.Hold")
    hold(lab)
    lab.pass_time(MINUTE)
    assert lab.logged_slots() == [at("12:01")]


def test_a_long_run_is_watched_less_and_less(lab: SchedulerLab) -> None:
    """SC-7: a run of hours costs a few looks an hour, and its end is found without anybody asking."""
    hold(lab, cron="", schedule={"at": "2026-01-01T12:01:00Z"})
    lab.pass_time(2 * HOUR, step=10 * SECOND)
    (execution,) = lab.log()
    assert execution.version < 20
    lab.release()
    lab.pass_time(16 * MINUTE, step=10 * SECOND)
    assert (lab.states(), lab.stored().running) == (["done"], ())
