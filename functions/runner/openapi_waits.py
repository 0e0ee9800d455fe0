"""What the API takes and answers about what instances wait for: events, people, external workers."""

from __future__ import annotations

from functions.http.openapi import Answer, Operation, Parameter
from functions.runner import bodies
from functions.runner.routes.tasks import MAX_PAGE
from reactory.runner import answers

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_ANYTHING = {"description": "The event's data: any JSON value"}
_ONCE = Parameter("Idempotency-Key", _TEXT, "The same key and event are published once", "header")
_ANSWER = (400, 404, 409, 413, 415, 503)

_EVENTS = {
    "POST /workflow/events/{name}/{key}": Operation(
        id="publishEvent",
        summary="Publish an event to whoever waits for it, now or later",
        tag="events",
        parameters=(
            Parameter("eventTime", _TIME, "The event's own time; one that lies ahead is delivered then"),
            Parameter("eventTime", _TIME, "The same as a header; the query goes before it", "header"),
            _ONCE,
        ),
        body={"application/json": _ANYTHING},
        answers={202: Answer("Stored, and delivered if its time has come", answers.Published)},
        problems=(400, 404, 409, 413, 415, 503),
    ),
    "POST /workflow/instance/{id}/signal/{name}": Operation(
        id="signalInstance",
        summary="An event for this instance only, whatever key its waits ask for",
        tag="events",
        parameters=(_ONCE,),
        body={"application/json": _ANYTHING},
        answers={202: Answer("Stored and delivered", answers.Published)},
        problems=_ANSWER,
    ),
}

_TASKS = {
    "GET /workflow/tasks": Operation(
        id="listTasks",
        summary="Open tasks of people, the oldest first, page by page",
        tag="tasks",
        parameters=(
            Parameter("assignee", _TEXT, "Only those of this person or group"),
            Parameter("instanceId", _TEXT, "Only of this instance"),
            Parameter("workflowId", _TEXT, "Only of this workflow: nameSpace.Name"),
            Parameter("activityType", _TEXT, "approval, input, review or acknowledgement"),
            Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}, "Per page"),
            Parameter("cursor", _TEXT, "nextCursor of the page before"),
        ),
        answers={200: Answer("One page", answers.TaskList)},
        problems=(400, 503),
    ),
    "POST /workflow/tasks/{id}/complete": Operation(
        id="completeTask",
        summary="Answer a task; the instance goes on with it",
        tag="tasks",
        body={"application/json": bodies.TaskAnswer},
        answers={200: Answer("Answered", answers.Completed)},
        problems=_ANSWER,
    ),
}

_ACTIVITIES = {
    "POST /workflow/activities/{name}/take": Operation(
        id="takeActivities",
        summary="Take work of this name, for this worker alone while it is heard of",
        tag="activities",
        body={"application/json": bodies.Take},
        body_required=True,
        answers={200: Answer("What there is, the most urgent first; maybe nothing", answers.TakenActivities)},
        problems=(400, 413, 415, 503),
    ),
    "POST /workflow/activities/{token}/complete": Operation(
        id="completeActivity",
        summary="The work is done: its result is the step's output",
        tag="activities",
        body={"application/json": bodies.ActivityResult},
        answers={200: Answer("Answered", answers.Completed)},
        problems=_ANSWER,
    ),
    "POST /workflow/activities/{token}/fail": Operation(
        id="failActivity",
        summary="The attempt has failed; the step's retryPolicy decides about another one",
        tag="activities",
        body={"application/json": bodies.ActivityFailure},
        body_required=True,
        answers={200: Answer("Answered", answers.Completed)},
        problems=_ANSWER,
    ),
    "POST /workflow/activities/{token}/heartbeat": Operation(
        id="extendActivity",
        summary="The worker is alive and keeps the work",
        tag="activities",
        body={"application/json": bodies.Heartbeat},
        answers={200: Answer("Kept until then", answers.Extended)},
        problems=_ANSWER,
    ),
}

WAITS: dict[str, Operation] = _EVENTS | _TASKS | _ACTIVITIES
