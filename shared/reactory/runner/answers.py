"""What the API answers, as types: the OpenAPI document's schemas are made from these, so both stay the same."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.definition.problem import Problem


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """Field names outside are camelCase; times are RFC 3339 in UTC."""


class Reason(Answer, frozen=True, omit_defaults=True):
    """Why an instance FAILED or was CANCELLED."""

    code: str = ""
    message: str = ""
    step_id: str | None = None


class StartAnswer(Answer, frozen=True):
    """POST /workflow/start without ``wait``, and with it when the time ran out: then ``status`` is the instance's."""

    instance_id: str
    workflow_id: str
    version: str
    status: str
    timestamp: str


class ResultAnswer(Answer, frozen=True):
    """POST /workflow/start with ``wait``: the instance finished in time. ``result`` are its outputs."""

    instance_id: str
    workflow_id: str
    version: str
    status: str
    result: Any
    reason: Reason | None
    timestamp: str


class Controlled(Answer, frozen=True):
    instance_id: str
    status: str
    timestamp: str


class Published(Answer, frozen=True):
    """POST /workflow/events: the event is stored, and will be delivered to whoever waits for it."""

    event_id: str
    timestamp: str


class TaskView(Answer, frozen=True):
    """A user activity that somebody is asked for. ``form`` is a JSON Schema that the answer's data have to fit."""

    task_id: str
    activity_type: str
    assignee: str | None
    message: Any
    options: list[str]
    form: dict[str, Any] | None
    instance_id: str
    workflow_id: str
    path: str
    priority: int
    created_at: str
    due_at: str | None


class TaskList(Answer, frozen=True):
    tasks: list[TaskView]
    next_cursor: str | None
    total: int


class Completed(Answer, frozen=True):
    """A task or an activity was answered: the instance goes on with it."""

    instance_id: str
    path: str
    timestamp: str


class TakenActivity(Answer, frozen=True):
    """What a worker has to do, and until when it has to say that it still does: ``token`` answers it."""

    token: str
    name: str
    parameters: Any
    instance_id: str
    workflow_id: str
    path: str
    attempt: int
    idempotency_key: str
    lease_until: str
    due_at: str | None


class TakenActivities(Answer, frozen=True):
    activities: list[TakenActivity]


class Extended(Answer, frozen=True):
    token: str
    lease_until: str


class BatchJob(Answer, frozen=True):
    """POST /workflow/instances/batch. ``counts``: matched, done (would be done, with dryRun), refused, notFound, failed;
    ``errors`` the first of those that were not done, ``{instanceId, code, message}``.
    """

    job_id: str
    action: str
    status: str
    dry_run: bool
    counts: dict[str, int]
    errors: list[dict[str, str]]
    created_at: str
    finished_at: str | None


class Trigger(Answer, frozen=True):
    """How an instance came to be (IM-8): ``mode`` is the entry point, ``id`` what caused it, ``caller`` who asked."""

    mode: str
    id: str | None
    caller: str | None


class InstanceSummary(Answer, frozen=True):
    """One line of the list. ``activity`` is ``executing``, ``sleeping until …`` or ``waiting for …``, known for a single
    instance only.
    """

    instance_id: str
    workflow_id: str
    version: str
    status: str
    reason: Reason | None
    activity: str | None
    tenant: str
    priority: int
    tags: list[str]
    parent: str | None
    forked_from: str | None
    trigger: Trigger
    correlation_id: str | None
    created_at: str
    started_at: str | None
    updated_at: str | None
    completed_at: str | None


class StepView(Answer, frozen=True, omit_defaults=True):
    """One execution of a step. ``progress`` belongs to loops, ``waitingFor`` to a step that is WAITING."""

    path: str
    id: str
    type: str
    name: str
    status: str
    attempt: int = 0
    started_at: str | None = None
    due: str | None = None
    waiting_for: str | None = None
    output: Any = None
    error: dict[str, Any] | None = None
    progress: dict[str, int] | None = None


class TimerView(Answer, frozen=True):
    """When the instance goes on by itself; an empty ``path`` is the whole instance."""

    path: str
    kind: str
    at: str


class WaitView(Answer, frozen=True):
    """What a step waits for since then. ``kind`` is event, user, activity or child; ``name`` that of the event, activity or
    workflow, or the user activity's type. ``key`` null: an event of any key. A child's ``id`` is its instance's.
    """

    id: str
    kind: str
    path: str
    name: str
    key: str | None
    since: str
    assignee: str | None = None
    effective_date: str | None = None


class InstanceDetail(InstanceSummary, frozen=True):
    """GET /workflow/instance/{id}. Made by ``reactory.host.view``; this is its shape."""

    input: Any
    variables: dict[str, Any]
    outputs: Any
    steps: list[StepView]
    waits: list[WaitView]
    timers: list[TimerView]
    compensated: bool = False


class InstanceList(Answer, frozen=True):
    instances: list[InstanceSummary]
    next_cursor: str | None
    total: int


class HistoryEntry(Answer, frozen=True, omit_defaults=True):
    """``event``: step_completed and step_failed are attempts, step is what the engine decided about a step by itself;
    begin, tick, control, interrupted concern the whole instance; event, answer and child came from outside, and ``id`` is
    theirs.
    """

    seq: int
    at: str
    event: str
    path: str = ""
    type: str = ""
    status: str = ""
    attempt: int = 0
    started_at: str | None = None
    duration_ms: int | None = None
    output: Any = None
    error: dict[str, Any] | None = None
    action: str = ""
    reason: str = ""
    by: str = ""
    id: str = ""
    key: str = ""


class HistoryAnswer(Answer, frozen=True):
    """``history`` in order; ``nextAfter`` is the ``after`` of the next page, None on the last."""

    instance_id: str
    history: list[HistoryEntry]
    next_after: int | None


class WorkflowSummary(Answer, frozen=True):
    """One registered version."""

    id: str
    workflow_id: str
    name_space: str
    name: str
    version: str
    description: str
    tags: list[str]
    fingerprint: str
    created_at: str


class WorkflowDetail(WorkflowSummary, frozen=True):
    """``definition`` is the document; ``versions`` all registered versions, the highest first."""

    definition: dict[str, Any]
    source: str
    versions: list[str]


class WorkflowList(Answer, frozen=True):
    workflows: list[WorkflowSummary]


class Registered(Answer, frozen=True):
    """``created`` is False when this version was registered already with the same content (WR-3)."""

    workflow: WorkflowSummary
    created: bool
    warnings: list[ProblemAnswer]


class Deleted(Answer, frozen=True):
    workflow_id: str
    deleted: int


class ProblemAnswer(Answer, frozen=True):
    """One problem of a document or an input (formats.md, "Validation codes")."""

    code: str
    path: str
    message: str
    line: int | None
    severity: str


class ValidationAnswer(Answer, frozen=True):
    valid: bool
    problems: list[ProblemAnswer]


class InstanceTotals(Answer, frozen=True):
    total: int
    active: int
    finished: int
    by_status: dict[str, int]


class DefinitionTotals(Answer, frozen=True):
    workflows: int
    versions: int


class StatusAnswer(Answer, frozen=True):
    """GET /workflow/status."""

    instances: InstanceTotals
    definitions: DefinitionTotals
    timestamp: str


class ComponentHealth(Answer, frozen=True, omit_defaults=True):
    status: str
    message: str = ""
    latency_ms: float | None = None


class Health(Answer, frozen=True):
    status: str
    components: dict[str, ComponentHealth]
    timestamp: str


def problem_answer(problem: Problem) -> ProblemAnswer:
    return ProblemAnswer(
        code=problem.code,
        path=problem.path,
        message=problem.message,
        line=problem.line,
        severity=problem.severity,
    )
