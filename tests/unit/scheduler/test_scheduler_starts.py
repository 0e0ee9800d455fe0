"""Starts that fail, conditions, time-outs, runs that are asked for, and the numbers (SC-8 to SC-10, SC-12)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from reactory.exceptions import ConflictError, ScheduleNotFoundError, StoreUnavailableError
from reactory.ports.store import Instance
from reactory.runner.instant import to_text
from reactory.scheduler.statistics import statistics
from tests.unit.runner.lab import flow, work
from tests.unit.scheduler.lab import HOUR, MINUTE, SECOND, SchedulerLab, at

RETRY = {"attempts": 3, "delay": 60, "backoffMultiplier": 2, "maxDelay": 90}


def test_a_failed_start_is_tried_again(lab: SchedulerLab) -> None:
    """SC-8: `attempts` in all, `delay` s after the first, times the multiplier, at most maxDelay; then errorCount+1."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Missing"}, retry=RETRY)
    lab.pass_time(HOUR + SECOND)
    tries = [lab.clock.now()]
    for _ in range(20):
        before = lab.log()[0].attempts
        lab.pass_time(10 * SECOND)
        if lab.log()[0].attempts > before:
            tries.append(lab.clock.now())
    assert [(later - earlier) // (10 * SECOND) for earlier, later in pairwise(tries)] == [6, 9]
    (execution,) = lab.log()
    assert (execution.status, execution.attempts) == ("failed", 3)
    assert execution.reason.startswith("workflow_not_found: ")
    assert (lab.stored().error_count, lab.stored().running) == (1, ())
    lab.pass_time(5 * MINUTE)
    assert lab.stored().error_count == 1


def test_what_a_run_is_started_with_is_not_logged(lab: SchedulerLab, caplog: pytest.LogCaptureFixture) -> None:
    """SM-13: a refusal may quote the start data: the log names its code, the execution keeps the whole reason."""
    lab.register(flow(work("a"), name="Typed", inputs={"ssn": {"type": "number"}}))
    caplog.set_level("INFO", "reactory")
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Typed"}, retry={"attempts": 1}, properties={"ssn": "078-05-1120"})
    lab.pass_time(HOUR + MINUTE)
    (execution,) = lab.log()
    assert "078-05-1120" in execution.reason
    assert "invalid_input" in caplog.text
    assert "078-05-1120" not in caplog.text


def test_a_start_that_succeeds_at_last_is_no_error(lab: SchedulerLab) -> None:
    """SC-8: the workflow is registered between two attempts: the slot gets its instance, once, with its own time."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Late"}, retry=RETRY)
    lab.pass_time(HOUR + SECOND)
    assert lab.logged_slots() == []
    lab.register(flow(work("a"), name="Late"))
    lab.pass_time(2 * MINUTE)
    assert (lab.logged_slots(), lab.stored().error_count, lab.log()[0].attempts) == ([at("13:00")], 0, 2)


def test_a_retry_survives_lost_messages(lab: SchedulerLab) -> None:
    """SC-8: the next attempt is stored, not slept for: a tick finds it when its message is lost."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Late"}, retry=RETRY)
    lab.pass_time(HOUR + SECOND)
    lab.register(flow(work("a"), name="Late"))
    lab.outage(2 * MINUTE)
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at("13:00")]


def test_a_stopped_schedule_tries_no_more(lab: SchedulerLab) -> None:
    """SC-4, SC-8: stopped between two attempts, it does not start after all."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Late"}, retry=RETRY)
    lab.pass_time(HOUR + SECOND)
    lab.scheduler.desk.stop("s")
    lab.register(flow(work("a"), name="Late"))
    lab.pass_time(5 * MINUTE)
    assert (lab.logged_slots(), lab.states()) == ([], ["failed"])
    assert "the schedule was stopped" in lab.log()[0].reason


def test_a_deleted_schedule_tries_no_more(lab: SchedulerLab) -> None:
    """SC-8, SC-14: deleted between two attempts, it does not start after all, and the log says why."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Late"}, retry=RETRY)
    lab.pass_time(HOUR + SECOND)
    lab.scheduler.desk.delete("s")
    lab.pass_time(5 * MINUTE)
    assert (lab.logged_slots(), lab.states()) == ([], ["failed"])
    assert lab.log()[0].reason.endswith("not tried again, the schedule was deleted")


def test_a_schedule_that_cannot_be_read_tries_no_more(lab: SchedulerLab) -> None:
    """SC-8: what is stored is damaged between two attempts: the slot fails, and its place is free again."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Late"}, retry=RETRY)
    lab.pass_time(HOUR + SECOND)
    assert lab.schedules.replace(replace(lab.stored(), document="{"), lab.stored().revision)
    lab.pass_time(5 * MINUTE)
    assert (lab.states(), lab.stored().error_count, lab.stored().running) == (["failed"], 1, ())


def test_every_attempt_asks_for_the_same(lab: SchedulerLab) -> None:
    """SC-6, SC-8: an attempt that came through unnoticed, then a change of the properties: still one instance."""
    lab.add(cron="0 13 * * *", properties={"a": 1})
    create = lab.instances.create
    calls: list[int] = []

    def unnoticed(instances: list[Instance]) -> Any:
        calls.append(1)
        created = create(instances)
        if len(calls) == 1:
            raise StoreUnavailableError("it did happen, though")
        return created

    lab.instances.create = unnoticed  # type: ignore[method-assign,assignment]
    lab.pass_time(HOUR + SECOND)
    lab.scheduler.desk.update("s", {"properties": {"a": 2}})
    lab.pass_time(5 * MINUTE)
    assert lab.logged_slots() == [at("13:00")]
    assert (lab.stored().error_count, lab.stored().run_count, lab.log()[0].attempts) == (0, 1, 2)


def test_a_run_ends_with_the_schedules_timeout(lab: SchedulerLab) -> None:
    """SC-9: after `timeout` seconds the run is cancelled with a reason of time."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Hold"}, timeout=30)
    lab.pass_time(HOUR + SECOND)
    assert lab.statuses() == ["RUNNING"]
    lab.pass_time(30 * SECOND)
    assert lab.statuses() == ["CANCELLED"]
    reason = lab.runner.query.get(lab.log()[0].instance_id or "")["reason"]
    assert reason["message"] == "Maximum duration exceeded"


@pytest.mark.parametrize(("change", "whose"), [({}, "of the schedule s"), ({"timeout": 60}, "of the run")])
def test_the_log_names_the_timeout(lab: SchedulerLab, change: dict[str, Any], whose: str) -> None:
    """SC-9: the log says that the schedule's timeout has ended the run; and names none that is another one by now."""
    lab.add(cron="0 13 * * *", workflow={"id": "lab.Hold"}, timeout=30)
    lab.pass_time(HOUR + SECOND)
    lab.scheduler.desk.update("s", change)
    lab.pass_time(2 * MINUTE)
    (execution,) = lab.log()
    said = f"maximum_duration: the timeout of 30 s {whose} is over"
    assert (execution.status, execution.outcome, execution.reason) == ("done", "CANCELLED", said)


def test_skip_if_the_previous_run_is_unfinished(lab: SchedulerLab) -> None:
    """SC-10: skipIfPreviousRunning skips though there would be room; the log tells which run it was."""
    conditions = {"skipIfPreviousRunning": True}
    lab.add(workflow={"id": "lab.Hold"}, overlap="allow", conditions=conditions)
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == [at("12:01")]
    assert lab.log()[1].reason == f"the run of {at('12:01')} is unfinished (skipIfPreviousRunning)"
    lab.release()
    lab.pass_time(MINUTE)
    assert lab.logged_slots() == [at("12:01"), at("12:03")]


@pytest.mark.parametrize("holiday", ["2026-01-02", "--01-02"])
def test_holidays_are_days_of_the_schedules_zone(lab: SchedulerLab, holiday: str) -> None:
    """SC-10: skipOnHolidays goes by the date in the schedule's time zone: in Tokyo it is the second of January already."""
    lab.add(cron="0 * * * *", schedule={"timezone": "Asia/Tokyo"}, conditions={"skipOnHolidays": [holiday]})
    lab.pass_time(4 * HOUR, step=10 * SECOND)
    assert lab.logged_slots() == [at("13:00"), at("14:00")]
    assert lab.log()[2].reason == f"a holiday: {holiday} (skipOnHolidays)"
    assert lab.stored().skipped_count == 2


def test_required_services_have_to_be_registered(lab: SchedulerLab) -> None:
    """SC-10: requiredServices are names of services that modules have registered, with or without their version."""
    lab.add(conditions={"requiredServices": ["acme.Mail@1.0.0", "acme.Bank"]})
    lab.services_known = ["acme.Mail@1.0.0"]
    lab.pass_time(MINUTE)
    assert lab.log()[0].reason == "not registered: acme.Bank (requiredServices)"
    lab.services_known = ["acme.Mail@1.0.0", "acme.Bank@2.1.0"]
    lab.pass_time(MINUTE)
    assert lab.logged_slots() == [at("12:02")]


def test_a_run_by_hand(lab: SchedulerLab) -> None:
    """SC-14: trigger starts one run now, stopped or not, whatever its conditions; it is logged and counted as a run."""
    lab.add(schedule={"enabled": False}, conditions={"skipOnHolidays": ["2026-01-01"]})
    lab.clock.advance(7 * SECOND)
    fired = lab.scheduler.asked.trigger("s", caller="ann")
    again = lab.scheduler.asked.trigger
    assert (fired.status, fired.kind, fired.slot, fired.caller) == ("started", "manual", lab.now, "ann")
    with pytest.raises(ConflictError, match="1 run unfinished"):
        again("s")
    lab.work()
    assert again("s").slot > fired.slot  # another slot within the same millisecond
    assert (lab.stored().run_count, len(lab.logged_slots())) == (2, 2)


def test_a_run_by_hand_that_cannot_be_started(lab: SchedulerLab) -> None:
    """SC-14: the caller is told why; it is counted as an error, and not tried again behind their back."""
    lab.add(workflow={"id": "lab.Missing"}, schedule={"enabled": False})
    with pytest.raises(ConflictError, match=r"lab\.Missing"):
        lab.scheduler.asked.trigger("s")
    assert (lab.stored().error_count, lab.log()[0].attempts) == (1, 1)
    with pytest.raises(ScheduleNotFoundError):
        lab.scheduler.asked.trigger("no")


def test_statistics(lab: SchedulerLab) -> None:
    """SC-12: totals of all schedules, from what is stored: another process tells the same."""
    lab.add("a")
    lab.add("b", cron="*/2 * * * *", workflow={"id": "lab.Missing"}, retry={"attempts": 1})
    lab.add("c", schedule={"enabled": False})
    lab.pass_time(4 * MINUTE)
    shown = statistics(lab.scheduler.services)
    assert shown.total_schedules == 3
    assert (shown.active_schedules, shown.inactive_schedules) == (2, 1)
    assert (shown.total_runs, shown.total_errors, shown.executions_today) == (6, 2, 6)
    assert (shown.missed_executions, shown.average_execution_delay) == (0, 0)
    assert shown.last_execution == at("12:04")
    assert shown.next_execution == at("12:05")


def test_executions_today_begin_anew_each_day(lab: SchedulerLab) -> None:
    """SC-12: executionsToday counts by UTC days; a day without runs has none."""
    lab.add(cron="0 23 * * *")
    lab.pass_time(11 * HOUR + MINUTE, step=10 * SECOND)
    assert statistics(lab.scheduler.services).executions_today == 1
    lab.pass_time(HOUR, step=10 * SECOND)
    assert statistics(lab.scheduler.services).executions_today == 0
    assert statistics(lab.scheduler.services).total_runs == 1


def test_the_delay_is_told(lab: SchedulerLab) -> None:
    """SC-12: averageExecutionDelay is what lies between a slot and its run; per slot in the log."""
    lab.add()
    lab.tick()
    lab.clock.advance(MINUTE + 2500)
    lab.deliver()
    assert lab.log()[0].delay == 2500
    shown = lab.scheduler.desk.get("s")
    assert (shown.average_delay, shown.last_run) == (2500, to_text(lab.clock.now()))


def test_numbers_of_no_schedule_are_zero(lab: SchedulerLab) -> None:
    """SC-12: nothing yet is zero and null, not an error."""
    shown = statistics(lab.scheduler.services)
    assert (shown.total_schedules, shown.average_execution_delay, shown.last_execution) == (0, 0, None)
