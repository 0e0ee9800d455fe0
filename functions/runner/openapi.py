"""GET /openapi.json: what the API takes and answers, of the runner here, of the other components where they are."""

from __future__ import annotations

from functools import cache

import msgspec

from functions.errors.openapi import ERRORS
from functions.http.openapi import Answer, Operation, Parameter, build_document
from functions.http.problem import ProblemDocument
from functions.runner.openapi_waits import WAITS
from functions.runner.options import START_JSON, StartBody
from functions.runner.routes.instances import MAX_HISTORY, MAX_PAGE, SORTS
from functions.runner.routes.operations import BatchBody, ForkBody, MigrateBody, RetryBody, RewindBody
from functions.runner.routes.start import MAX_WAIT
from functions.runner.routes.workflows import DOCUMENT_TYPES
from functions.runner.status import SystemStatus
from functions.scheduler.openapi import SCHEDULES
from reactory.runner import answers
from reactory.runner.transitions import STATUSES

API_VERSION = "0.1.0"

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_OBJECT = {"type": "object"}
_REASON = {
    "type": "object",
    "properties": {"reason": {"type": "string", "maxLength": 1000}},
    "additionalProperties": False,
}
_VERSION = Parameter("version", _TEXT, "major.minor.patch; the highest when left out")
_LOCATION = "Where the new thing is"

_SYSTEM = {
    "GET /health": Operation(
        id="getHealth",
        summary="Is the engine able to do its work?",
        tag="system",
        answers={
            200: Answer("Healthy or degraded", answers.Health),
            503: Answer("Unhealthy", answers.Health),
        },
        problems=(400,),
    ),
    "GET /openapi.json": Operation(
        id="getOpenapi",
        summary="This document",
        tag="system",
        answers={200: Answer("OpenAPI 3.1", _OBJECT)},
        problems=(400,),
    ),
    "GET /workflow/status": Operation(
        id="getStatus",
        summary="The system's state and statistics",
        tag="system",
        answers={200: Answer("Totals", SystemStatus)},
        problems=(400, 503),
    ),
}

_WORKFLOWS = {
    "GET /workflow/workflows": Operation(
        id="listWorkflows",
        summary="Registered definitions",
        tag="workflows",
        parameters=(
            Parameter("nameSpace", _TEXT, "Only of this name space"),
            Parameter("tags", _TEXT, "Only with all of these tags, separated by commas"),
            Parameter("search", _TEXT, "Only with this text in their id or description"),
        ),
        answers={200: Answer("All versions, by id, the highest version first", answers.WorkflowList)},
        problems=(400, 503),
    ),
    "POST /workflow/workflows": Operation(
        id="registerWorkflow",
        summary="Register a definition: a document, or {nameSpace, name, version, component | yaml}",
        tag="workflows",
        body={media: _OBJECT if media == DOCUMENT_TYPES[0] else _TEXT for media in DOCUMENT_TYPES},
        body_required=True,
        headers={"Location": _LOCATION},
        answers={
            201: Answer("Registered", answers.Registered, ("Location",)),
            200: Answer("Was registered already, with the same content", answers.Registered, ("Location",)),
        },
        problems=(400, 409, 413, 415, 422, 503),
    ),
    "GET /workflow/workflows/{nameSpace}/{name}": Operation(
        id="getWorkflow",
        summary="One registered definition",
        tag="workflows",
        parameters=(_VERSION,),
        answers={200: Answer("The definition", answers.WorkflowDetail)},
        problems=(400, 404, 503),
    ),
    "DELETE /workflow/workflows/{nameSpace}/{name}": Operation(
        id="deleteWorkflow",
        summary="Delete one version, or all; refused while unfinished instances need it",
        tag="workflows",
        parameters=(Parameter("version", _TEXT, "major.minor.patch; all versions when left out"),),
        answers={200: Answer("Deleted", answers.Deleted)},
        problems=(400, 404, 409, 503),
    ),
    "POST /workflow/validate": Operation(
        id="validateWorkflow",
        summary="Every problem of a document; nothing is stored",
        tag="workflows",
        body={media: _OBJECT if media == DOCUMENT_TYPES[0] else _TEXT for media in DOCUMENT_TYPES},
        body_required=True,
        answers={200: Answer("The problems, none if the document is valid", answers.ValidationAnswer)},
        problems=(400, 413, 415),
    ),
}

_START_HEADERS = {"Location": _LOCATION, "Idempotency-Replayed": "true: an earlier request had started the instance"}

_INSTANCES = {
    "POST /workflow/start/{workflowId}": Operation(
        id="startWorkflow",
        summary="Start nameSpace.Name or nameSpace.Name@version",
        tag="instances",
        parameters=(
            _VERSION,
            Parameter("wait", {"type": "number", "minimum": 0, "maximum": MAX_WAIT}, "Seconds to wait for the result"),
            Parameter("Idempotency-Key", _TEXT, "The same key and request start one instance", "header"),
            Parameter("X-Correlation-Id", _TEXT, "Goes along with the instance and its events", "header"),
        ),
        body={"application/json": _OBJECT, START_JSON: StartBody},
        headers=_START_HEADERS,
        answers={
            201: Answer("Started", answers.StartAnswer, tuple(_START_HEADERS)),
            200: Answer("Finished within the time to wait", answers.ResultAnswer, tuple(_START_HEADERS)),
            202: Answer("Not finished within the time to wait", answers.StartAnswer, tuple(_START_HEADERS)),
        },
        problems=(400, 404, 409, 413, 415, 503),
    ),
    "GET /workflow/instances": Operation(
        id="listInstances",
        summary="Instances, page by page",
        tag="instances",
        parameters=(
            Parameter("status", _TEXT, f"Among {', '.join(STATUSES)}; several separated by commas"),
            Parameter("workflowId", _TEXT, "nameSpace.Name or nameSpace.Name@version"),
            Parameter("version", _TEXT, "major.minor.patch"),
            Parameter("tag", _TEXT, "Only with this tag"),
            Parameter("search", _TEXT, "Beginning of an id, a correlation id or a tag"),
            Parameter("parent", _TEXT, "Only children of this instance"),
            Parameter("createdAfter", _TIME, "Created at or after this time"),
            Parameter("createdBefore", _TIME, "Created before this time"),
            Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}, "Per page"),
            Parameter("cursor", _TEXT, "nextCursor of the page before"),
            Parameter("sort", {"type": "string", "enum": list(SORTS), "default": SORTS[0]}, "Order"),
        ),
        answers={200: Answer("One page", answers.InstanceList)},
        problems=(400, 503),
    ),
    "GET /workflow/instance/{id}": Operation(
        id="getInstance",
        summary="One instance: status, input, variables, outputs, steps, waits, timers",
        tag="instances",
        answers={200: Answer("The instance as it is now", answers.InstanceDetail)},
        problems=(400, 404, 503),
    ),
    "GET /workflow/instance/{id}/history": Operation(
        id="getHistory",
        summary="Every step attempt in order",
        tag="instances",
        parameters=(
            Parameter("after", {"type": "integer", "minimum": -1, "default": -1}, "Records after this number"),
            Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_HISTORY, "default": 100}, "Per page"),
        ),
        answers={200: Answer("One page", answers.HistoryAnswer)},
        problems=(400, 404, 503),
    ),
    **{
        key: Operation(
            id=f"{action}Instance",
            summary=summary,
            tag="instances",
            body={"application/json": _REASON},
            answers={200: Answer("The status that the instance has with it", answers.Controlled)},
            problems=(400, 404, 409, 413, 415, 503),
        )
        for key, action, summary in (
            ("DELETE /workflow/instance/{id}", "cancel", "Cancel an instance that has not finished"),
            ("POST /workflow/instance/{id}/pause", "pause", "Pause a running instance before its next step"),
            ("POST /workflow/instance/{id}/resume", "resume", "Let a paused instance go on"),
        )
    },
}

_OPERATIONS = {
    "POST /workflow/instance/{id}/retry": Operation(
        id="retryInstance",
        summary="Take a failed instance up again at the failed step, with corrected input if it is given",
        tag="instances",
        body={"application/json": RetryBody},
        answers={200: Answer("The status that the instance has with it", answers.Controlled)},
        problems=(400, 404, 409, 413, 415, 503),
    ),
    "POST /workflow/instance/{id}/rewind": Operation(
        id="rewindInstance",
        summary="Go back to a finished step: it and all that comes after it run again",
        tag="instances",
        body={"application/json": RewindBody},
        body_required=True,
        answers={200: Answer("The status that the instance has with it", answers.Controlled)},
        problems=(400, 404, 409, 413, 415, 503),
    ),
    "POST /workflow/instance/{id}/fork": Operation(
        id="forkInstance",
        summary="A new instance that begins at a step of this one, with changed input if it is given",
        tag="instances",
        body={"application/json": ForkBody},
        body_required=True,
        answers={201: Answer("The new instance", answers.StartAnswer, headers=("Location",))},
        headers={"Location": _LOCATION},
        problems=(400, 404, 409, 413, 415, 503),
    ),
    "POST /workflow/instance/{id}/migrate": Operation(
        id="migrateInstance",
        summary="Go on as another version of the definition, if all that is live has its place there",
        tag="instances",
        body={"application/json": MigrateBody},
        body_required=True,
        answers={200: Answer("The status that the instance has with it", answers.Controlled)},
        problems=(400, 404, 409, 413, 415, 503),
    ),
    "POST /workflow/instances/batch": Operation(
        id="batchInstances",
        summary="Pause, resume, cancel, retry or migrate many instances",
        tag="instances",
        body={"application/json": BatchBody},
        body_required=True,
        answers={202: Answer("The job, its first portion done", answers.BatchJob, headers=("Location",))},
        headers={"Location": _LOCATION},
        problems=(400, 413, 415, 503),
    ),
    "GET /workflow/jobs/{id}": Operation(
        id="getJob",
        summary="A batch job: how far it is, and what came out",
        tag="instances",
        answers={200: Answer("The job", answers.BatchJob)},
        problems=(400, 404, 503),
    ),
}

OPERATIONS: dict[str, Operation] = _SYSTEM | _WORKFLOWS | _INSTANCES | _OPERATIONS | WAITS

EVERYTHING: dict[str, Operation] = OPERATIONS | ERRORS | SCHEDULES
"""Of all components."""

_INFO = {
    "title": "Reactory Workflow Engine",
    "version": API_VERSION,
    "description": "Errors are RFC 9457 problem documents. Times are RFC 3339 in UTC. Lists page by cursor.",
    "license": {"name": "MIT", "identifier": "MIT"},
}


@cache
def openapi_json() -> str:
    document = build_document(_INFO, EVERYTHING, ProblemDocument)
    return msgspec.json.encode(document).decode()
