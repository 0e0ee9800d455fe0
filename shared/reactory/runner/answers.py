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
    reason: dict[str, Any] | None
    timestamp: str


class Controlled(Answer, frozen=True):
    instance_id: str
    status: str
    timestamp: str


class InstanceSummary(Answer, frozen=True):
    """One line of the list."""

    instance_id: str
    workflow_id: str
    version: str
    status: str
    reason: dict[str, Any] | None
    priority: int
    tags: list[str]
    parent: str | None
    mode: str
    trigger_id: str | None
    caller: str | None
    correlation_id: str | None
    created_at: str
    started_at: str | None
    updated_at: str
    completed_at: str | None


class InstanceList(Answer, frozen=True):
    instances: list[InstanceSummary]
    next_cursor: str | None
    total: int


class HistoryAnswer(Answer, frozen=True):
    """``history`` in order; ``nextAfter`` is the ``after`` of the next page, None on the last."""

    instance_id: str
    history: list[dict[str, Any]]
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
