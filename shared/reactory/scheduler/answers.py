"""What the API answers about schedules, as types: the OpenAPI document's schemas are made from these."""

from __future__ import annotations

from typing import Any

from reactory.runner.answers import Answer


class DocumentError(Answer, frozen=True):
    """Why a stored document cannot be read, and how it is repaired: ``invalid_schedule`` or ``sealed_unreadable``."""

    code: str
    message: str


class ScheduleSummary(Answer, frozen=True):
    """One schedule with its statistics (SC-12). ``workflowId`` is ``nameSpace.Name``; ``version`` null: the highest.

    ``source`` is ``api``, or ``module:<nameSpace.name>``. ``skippedCount`` counts slots that led to no run because of
    overlap or a condition. ``averageDelay`` is milliseconds. ``error`` is null, unless the stored document cannot be
    read: then the schedule does not fire, and what is told of it is what was known when it was stored.
    """

    id: str
    name: str
    workflow_id: str
    version: str | None
    enabled: bool
    source: str
    last_run: str | None
    next_run: str | None
    run_count: int
    error_count: int
    missed_count: int
    skipped_count: int
    is_running: bool
    average_delay: int
    created_at: str
    updated_at: str
    error: DocumentError | None


class ScheduleDetail(ScheduleSummary, frozen=True):
    """``document`` is the schedule document as it is in force; null where there is an ``error`` and no JSON object."""

    document: dict[str, Any] | None


class ScheduleList(Answer, frozen=True):
    schedules: list[ScheduleSummary]
    next_cursor: str | None
    total: int


class ScheduleDeleted(Answer, frozen=True):
    id: str
    deleted: bool


class NextSlots(Answer, frozen=True):
    """The slots to come, whether or not the schedule is enabled; their jitter apart."""

    id: str
    enabled: bool
    timezone: str
    next: list[str]


class ExecutionView(Answer, frozen=True):
    """One line of the execution log. ``slot`` is the scheduled time. ``delay`` is milliseconds. ``missed`` counts the
    slots that a record of missed ones stands for, up to ``until``.
    """

    schedule_id: str
    slot: str
    kind: str
    status: str
    reason: str
    instance_id: str | None
    workflow_id: str | None
    run: int | None
    attempts: int
    next_attempt_at: str | None
    started_at: str | None
    delay: int | None
    ended_at: str | None
    outcome: str | None
    caller: str | None
    missed: int
    until: str | None


class ExecutionList(Answer, frozen=True):
    executions: list[ExecutionView]
    next_cursor: str | None


class BackfillAnswer(Answer, frozen=True):
    """``slots`` are those of the period; ``claimed`` of them run now, or would, with ``dryRun``; the others have run."""

    id: str
    dry_run: bool
    matched: int
    claimed: int
    slots: list[str]


class FileProblem(Answer, frozen=True):
    """Why a file of a module was skipped."""

    code: str
    module: str
    file: str
    line: int | None
    message: str


class ReloadAnswer(Answer, frozen=True):
    """Ids of schedules. ``skipped`` are the files that cannot be used, with every problem."""

    created: list[str]
    updated: list[str]
    deleted: list[str]
    unchanged: list[str]
    skipped: list[FileProblem]


class SchedulerStatistics(Answer, frozen=True):
    """Of all schedules (SC-12). ``executionsToday`` counts by UTC days; ``averageExecutionDelay`` is milliseconds."""

    total_schedules: int
    active_schedules: int
    inactive_schedules: int
    total_runs: int
    total_errors: int
    executions_today: int
    missed_executions: int
    average_execution_delay: int
    last_execution: str | None
    next_execution: str | None
