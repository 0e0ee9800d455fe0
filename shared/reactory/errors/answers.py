"""What the component answers, as types: the OpenAPI document's schemas are made from these."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from reactory.runner.answers import Answer, Reason

Kind = Literal["instance", "message"]
Outcome = Literal["redriven", "notFound", "conflict", "failed"]


class ErrorView(Answer, frozen=True):
    """All errors of one category at one step since they were cleared. From ``severity`` on it is the latest of them."""

    workflow_id: str
    step_id: str
    category: str
    count: int
    first_occurrence: str
    last_occurrence: str
    severity: str
    type: str
    code: str
    message: str
    instance_id: str


class ErrorHour(Answer, frozen=True):
    """Errors of one category in the hour that begins at ``at``."""

    at: str
    category: str
    count: int


class ErrorList(Answer, frozen=True):
    """GET /workflow/errors. ``series`` and ``totals`` (category → count) are those from ``since`` to ``until``, in whole
    hours; ``errors`` count since they were cleared.
    """

    errors: list[ErrorView]
    next_cursor: str | None
    since: str
    until: str
    totals: dict[str, int]
    series: list[ErrorHour]


class Cleared(Answer, frozen=True):
    """DELETE /workflow/errors: so many occurrences were forgotten."""

    workflow_id: str
    cleared: int
    timestamp: str


class CircuitView(Answer, frozen=True):
    """A circuit breaker. ``failures`` since ``windowAt``; an open one lets calls pass again from ``retryAt`` on;
    ``inFlight`` and ``successes`` are those of the trial while it is half open.
    """

    name: str
    state: str
    failures: int
    window_at: str | None
    opened_at: str | None
    retry_at: str | None
    in_flight: int
    successes: int
    changed_at: str | None


class CircuitList(Answer, frozen=True):
    circuits: list[CircuitView]
    next_cursor: str | None


class CircuitReset(Answer, frozen=True):
    """POST /workflow/circuits/{name}/reset. ``changed`` is False where it was closed already."""

    name: str
    state: str
    previous_state: str
    changed: bool
    timestamp: str


class DeadLetterSummary(Answer, frozen=True, kw_only=True):
    """A message of ``queue`` that no function could work off, or an instance that has FAILED until somebody mends what is
    wrong. ``receives`` is how often the message was received, as its queue counts.
    """

    id: str
    kind: Kind
    died_at: str | None
    queue: str | None = None
    sent_at: str | None = None
    receives: int | None = None
    workflow_id: str | None = None
    version: str | None = None
    reason: Reason | None = None


class DeadLetterDetail(DeadLetterSummary, frozen=True, kw_only=True):
    """GET /workflow/dead-letters/{id}. ``body`` is the message's JSON, or its text where it is none, with what is sensitive
    masked. ``state`` is dead or redriven; then ``redriven…`` tell why, by whom and when it was sent again.
    """

    state: str
    body: Any = None
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    redriven_reason: str | None = None
    redriven_by: str | None = None
    redriven_at: str | None = None


class DeadLetterList(Answer, frozen=True):
    """Messages first, the latest first; then instances, the newest first."""

    dead_letters: list[DeadLetterSummary]
    next_cursor: str | None


class RedriveOutcome(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one. ``code`` and ``message`` say why it was not redriven."""

    id: str
    outcome: Outcome
    kind: Kind | None = None
    code: str = ""
    message: str = ""


class RedriveAnswer(Answer, frozen=True):
    """POST /workflow/dead-letters/redrive. With ``dryRun``, ``redriven`` counts those that would be. ``nextCursor``: the
    filter selects more, ask again with it.
    """

    dry_run: bool
    counts: dict[Outcome, int]
    details: list[RedriveOutcome]
    next_cursor: str | None


class DeadLetterTotals(Answer, frozen=True):
    messages: int
    instances: int


class ErrorTotals(Answer, frozen=True):
    """What went wrong, for the system's status. ``lastDay`` goes by category; ``openCircuits`` names those that are open or
    half open, None where nobody can tell.
    """

    last_day: dict[str, int]
    open_circuits: list[str] | None
    dead_letters: DeadLetterTotals
