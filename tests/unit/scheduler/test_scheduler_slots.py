"""What fires when, and once (SC-4, SC-6, SC-11, SC-12)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec.structs import replace

from reactory.ports.executions import Execution
from reactory.runner.instant import to_text
from reactory.scheduler import tick
from tests.unit.runner.lab import flow, work
from tests.unit.scheduler.lab import HOUR, MINUTE, SECOND, SchedulerLab, at


def test_each_slot_starts_one_instance_at_its_second(lab: SchedulerLab) -> None:
    """SC-6, IM-3: a slot starts one instance at its time, of mode schedule, and says which slot of what caused it."""
    lab.add(cron="*/20 * * * * *")
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at(f"12:{time}") for time in ("00:20", "00:40", "01:00", "01:20", "01:40", "02:00")]
    for execution in lab.log():
        assert execution.instance_id is not None
        instance = lab.instances.get(execution.instance_id)
        assert instance is not None
        assert instance.created_at == execution.slot
        assert (instance.mode, instance.trigger_id, instance.caller) == (
            "schedule",
            f"s/{to_text(execution.slot)}",
            "s",
        )


def test_a_new_schedule_does_not_wait_for_a_tick(lab: SchedulerLab) -> None:
    """SC-6: slots of the coming minute fire in time though no tick has seen the schedule yet; so after a change."""
    lab.clock.advance(10 * SECOND)
    lab.add(cron="*/20 * * * * *")
    lab.pass_time(15 * SECOND, ticks=False)
    assert [(one.slot, one.started_at) for one in lab.log()[:1]] == [(lab.log()[0].slot,) * 2]
    lab.scheduler.desk.update("s", {"schedule": {"cron": "*/5 * * * * *"}})
    lab.pass_time(10 * SECOND, ticks=False)
    assert lab.logged_slots() == [at("12:00:20"), at("12:00:30"), at("12:00:35")]


def test_a_disabled_schedule_never_fires(lab: SchedulerLab) -> None:
    """SC-4: enabled false never fires; start and stop toggle; slots that went by while it was stopped are not made up."""
    lab.add(schedule={"enabled": False}, misfire={"policy": "all"})
    lab.pass_time(5 * MINUTE)
    assert (lab.logged_slots(), lab.stored().next_at) == ([], None)
    lab.scheduler.desk.start("s")
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at("12:06"), at("12:07")]
    lab.scheduler.desk.stop("s")
    lab.pass_time(3 * MINUTE)
    assert lab.logged_slots() == [at("12:06"), at("12:07")]
    assert lab.stored().missed_count == 0


def test_a_stop_reaches_slots_that_are_claimed(lab: SchedulerLab) -> None:
    """SC-4: a tick has claimed the next slot already when its schedule is stopped: it does not fire, and says why."""
    lab.add()
    assert lab.states() == ["claimed"]
    lab.scheduler.desk.stop("s")
    lab.pass_time(3 * MINUTE)
    assert [(one.status, one.reason) for one in lab.log()] == [("skipped", "the schedule is stopped")]
    assert lab.stored().skipped_count == 0
    assert lab.logged_slots() == []


def test_a_change_reaches_slots_that_are_claimed(lab: SchedulerLab) -> None:
    """SC-5: a claimed slot that the changed schedule has no more does not fire; one that it still has does."""
    lab.add(cron="*/30 * * * * *")
    lab.tick()
    lab.scheduler.desk.update("s", {"schedule": {"cron": "0 * * * * *"}})
    lab.pass_time(2 * MINUTE + SECOND)
    assert lab.logged_slots() == [at("12:01"), at("12:02")]
    assert lab.log()[0].reason == "the schedule was changed, and this is no slot of it any more"


def test_a_schedule_made_anew_does_not_fire_the_slots_of_the_old_one(lab: SchedulerLab) -> None:
    """SC-14: a slot claimed for a deleted schedule is none of another one that has its id now."""
    lab.add(cron="*/30 * * * * *")
    lab.tick()
    lab.scheduler.desk.delete("s")
    lab.clock.advance(1)
    lab.add(cron="0 * * * * *")
    lab.pass_time(MINUTE + SECOND)
    assert lab.logged_slots() == [at("12:01")]


def test_start_data_tell_the_run_apart(lab: SchedulerLab) -> None:
    """SC-11: the properties plus scheduledAt, scheduleId, runCount, nameSpace; declared or not, and over what the
    properties have under these names.
    """
    declared = {"runCount": {"type": "integer", "required": True}, "region": {"type": "string"}}
    lab.register(flow(work("a"), name="Told", inputs=declared))
    lab.add(workflow={"id": "lab.Told"}, properties={"region": "eu", "extra": [1], "scheduleId": "mine"})
    lab.pass_time(2 * MINUTE)
    first, second = (lab.instances.get(one.instance_id or "") for one in lab.log())
    assert first is not None
    assert second is not None
    expected = {"region": "eu", "extra": [1], "scheduledAt": at("12:01"), "scheduleId": "s", "nameSpace": "lab"}
    assert json.loads(first.input) == {**expected, "runCount": 1}
    assert json.loads(second.input) == {**expected, "scheduledAt": at("12:02"), "runCount": 2}


def test_jitter_delays_a_slot_by_a_fixed_time(lab: SchedulerLab) -> None:
    """SC-6: with jitter a slot fires later, within it, and is still that slot; the delay is told from when it was due."""
    lab.add(cron="0 * * * *", schedule={"jitter": 1800})
    lab.pass_time(2 * HOUR + 40 * MINUTE, step=10 * SECOND)
    assert lab.logged_slots() == [at("13:00"), at("14:00")]
    for one in lab.log():
        assert 0 <= one.fire_at - one.slot <= 1_800_000
        assert one.started_at is not None
        assert one.fire_at <= one.started_at <= one.fire_at + 10 * SECOND


def test_messages_that_are_lost_are_made_up_by_the_next_tick(lab: SchedulerLab) -> None:
    """SC-6: messages are hints: a slot whose message was lost fires with the next tick, once."""
    lab.add()
    lab.tick()
    lab.outage(MINUTE)
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at("12:01"), at("12:02"), at("12:03")]


def test_doubled_and_late_messages_change_nothing(lab: SchedulerLab) -> None:
    """SC-6: every message of a run comes again and again, before and after its time: one instance per slot."""
    lab.add()
    lab.tick()
    (claimed,) = lab.log()
    for _ in range(3):
        lab.scheduler.fire.handle(claimed.id)
    assert lab.logged_slots() == []
    lab.pass_time(MINUTE)
    for _ in range(3):
        lab.scheduler.fire.handle(claimed.id)
        lab.pass_time(HOUR, ticks=False, step=MINUTE)
    assert lab.logged_slots() == [at("12:01")]
    assert (lab.stored().run_count, lab.states()[0]) == (1, "done")


def test_a_message_about_nothing_does_nothing(lab: SchedulerLab) -> None:
    """WR-11: an execution that is gone is no error."""
    assert lab.scheduler.fire.handle("default/no/1") is None


def test_a_run_ends_as_its_instance_does(lab: SchedulerLab) -> None:
    """SC-12: the log tells how the run of a slot has ended; the schedule is running until then, and not after."""
    lab.add(workflow={"id": "lab.Hold"})
    lab.pass_time(MINUTE + SECOND)
    assert lab.scheduler.desk.get("s").is_running
    lab.release()
    assert not lab.scheduler.desk.get("s").is_running
    lab.scheduler.desk.stop("s")
    lab.pass_time(2 * MINUTE)
    (first, *_) = lab.log()
    assert (first.status, first.outcome, lab.stored().running) == ("done", "COMPLETED", ())


def test_a_schedule_that_comes_true_once(lab: SchedulerLab) -> None:
    """SC-6: `at` fires once, and then no tick looks at the schedule any more."""
    lab.add(cron="", schedule={"at": "2026-01-01T12:03:00Z"})
    lab.pass_time(10 * MINUTE)
    assert lab.logged_slots() == [at("12:03")]
    assert (lab.stored().due_at, lab.scheduler.desk.get("s").next_run) == (None, None)


def test_two_schedules_do_not_see_each_other(lab: SchedulerLab) -> None:
    """SC-6: the same slot of two schedules is two slots."""
    lab.add("a")
    lab.add("b")
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots("a") == lab.logged_slots("b") == [at("12:01"), at("12:02")]


def test_a_tick_that_runs_out_of_time_sends_what_it_has_claimed(lab: SchedulerLab) -> None:
    """SC-6: each chunk takes half a minute: one is claimed and sent, and the next tick goes on with the others."""
    lab.clock.advance(100 * SECOND)
    for number in range(tick.CHUNK + 5):
        lab.schedules.create(replace(lab.unseen(f"s{number:04d}"), due_at=lab.clock.now()))
    claim = lab.executions.claim

    def slow(executions: Sequence[Execution]) -> set[str]:
        lab.clock.advance(30 * SECOND)
        return claim(executions)

    lab.executions.claim = slow  # type: ignore[method-assign]
    first = lab.scheduler.ticks.tick()
    assert (first.claimed, first.hints, first.more) == (tick.CHUNK, tick.CHUNK, True)
    second = lab.scheduler.ticks.tick()
    assert (second.claimed, second.more) == (5, False)


def test_a_tick_costs_what_is_due(lab: SchedulerLab) -> None:
    """SC-6: schedules that fire later are not read by a tick, nor moved on."""
    for number in range(50):
        lab.add(f"later-{number}", cron="0 18 * * *")
    lab.add("soon")
    read: list[int] = []
    due = lab.schedules.due

    def counted(*args: object) -> object:
        found = due(*args)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    lab.schedules.due = counted  # type: ignore[method-assign,assignment]
    lab.pass_time(3 * MINUTE)
    assert read == [0, 1, 1]  # its first slot was claimed when it was made
