"""Stored schedules and executions as answers."""

from __future__ import annotations

from reactory.exceptions import ReactoryError
from reactory.ports.executions import Execution
from reactory.ports.schedules import StoredSchedule, Totals
from reactory.runner.instant import to_text
from reactory.scheduler.answers import (
    DocumentError,
    ExecutionView,
    ScheduleDetail,
    SchedulerStatistics,
    ScheduleSummary,
)
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import next_slot
from reactory.scheduler.stored import document_data, read_schedule


def summary(stored: StoredSchedule, now: int, *, is_running: bool) -> ScheduleSummary:
    """``nextRun`` is the next slot, claimed or not, which ``next_at`` is not."""
    return _summary(stored, read_schedule(stored), now, is_running=is_running)


def detail(stored: StoredSchedule, now: int, *, is_running: bool) -> ScheduleDetail:
    schedule = read_schedule(stored)
    short = _summary(stored, schedule, now, is_running=is_running)
    fields = {name: getattr(short, name) for name in short.__struct_fields__}
    document = schedule.to_document() if isinstance(schedule, Schedule) else document_data(stored.document)
    return ScheduleDetail(**fields, document=document)


def _summary(
    stored: StoredSchedule, schedule: Schedule | ReactoryError, now: int, *, is_running: bool
) -> ScheduleSummary:
    error = None if isinstance(schedule, Schedule) else DocumentError(schedule.code, schedule.message)
    next_run = next_slot(schedule, now) if stored.enabled and isinstance(schedule, Schedule) else None
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
        error=error,
    )


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
