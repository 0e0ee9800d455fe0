"""Stored schedules and executions as answers."""

from __future__ import annotations

import msgspec

from reactory.ports.executions import Execution
from reactory.ports.schedules import StoredSchedule, Totals
from reactory.runner.instant import to_text
from reactory.scheduler.answers import ExecutionView, ScheduleDetail, SchedulerStatistics, ScheduleSummary
from reactory.scheduler.slots import next_slot
from reactory.scheduler.stored import to_schedule


def summary(stored: StoredSchedule, now: int, *, is_running: bool) -> ScheduleSummary:
    """``nextRun`` is the next slot, claimed or not, which ``next_at`` is not."""
    next_run = next_slot(to_schedule(stored), now) if stored.enabled else None
    return ScheduleSummary(
        id=stored.id,
        name=stored.name,
        workflow_id=stored.workflow_id,
        version=stored.version or None,
        enabled=stored.enabled,
        source=stored.source,
        last_run=_text(stored.last_run),
        next_run=_text(next_run),
        run_count=stored.run_count,
        error_count=stored.error_count,
        missed_count=stored.missed_count,
        skipped_count=stored.skipped_count,
        is_running=is_running,
        average_delay=_average(stored.delay_total, stored.run_count),
        created_at=to_text(stored.created_at),
        updated_at=to_text(stored.updated_at),
    )


def detail(stored: StoredSchedule, now: int, *, is_running: bool) -> ScheduleDetail:
    short = summary(stored, now, is_running=is_running)
    fields = {name: getattr(short, name) for name in short.__struct_fields__}
    return ScheduleDetail(**fields, document=msgspec.json.decode(stored.document))


def execution_view(execution: Execution) -> ExecutionView:
    retrying = execution.status == "starting" and execution.attempts > 0
    return ExecutionView(
        schedule_id=execution.schedule_id,
        slot=to_text(execution.slot),
        kind=execution.kind,
        status=execution.status,
        reason=execution.reason,
        instance_id=execution.instance_id,
        workflow_id=execution.workflow_id,
        run=execution.number,
        attempts=execution.attempts,
        next_attempt_at=_text(execution.attention_at) if retrying else None,
        started_at=_text(execution.started_at),
        delay=execution.delay,
        ended_at=_text(execution.ended_at),
        outcome=execution.outcome or None,
        caller=execution.caller or None,
        missed=execution.missed,
        until=_text(execution.until),
    )


def statistics_view(totals: Totals) -> SchedulerStatistics:
    return SchedulerStatistics(
        total_schedules=totals.schedules,
        active_schedules=totals.active,
        inactive_schedules=totals.schedules - totals.active,
        total_runs=totals.runs,
        total_errors=totals.errors,
        executions_today=totals.today,
        missed_executions=totals.missed,
        average_execution_delay=_average(totals.delay_total, totals.runs),
        last_execution=_text(totals.last_run),
        next_execution=_text(totals.next_at),
    )


def _average(total: int, count: int) -> int:
    return round(total / count) if count else 0


def _text(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else to_text(milliseconds)
