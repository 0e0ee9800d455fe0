"""What the API takes and answers about schedules."""

from __future__ import annotations

from functions.http.openapi import Answer, Operation, Parameter
from functions.scheduler.routes import DOCUMENT_TYPES, MAX_PAGE, BackfillBody
from reactory.scheduler import answers
from reactory.scheduler.desk import MOST_NEXT

_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}
_LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}, "How many on a page")
_CURSOR = Parameter("cursor", _TEXT, "nextCursor of the page before")
_COUNT = {"type": "integer", "minimum": 1, "maximum": MOST_NEXT}
_SCHEDULE = Answer("The schedule", answers.ScheduleDetail)

SCHEDULES: dict[str, Operation] = {
    "GET /workflow/schedules": Operation(
        id="listSchedules",
        summary="Schedules by id, page by page",
        tag="schedules",
        parameters=(
            Parameter("workflowId", _TEXT, "nameSpace.Name, or nameSpace.Name@version"),
            Parameter("nameSpace", _TEXT, "Only of workflows of this name space"),
            Parameter("name", _TEXT, "Only of workflows of this name"),
            Parameter("version", _TEXT, "Only of this version of their workflow"),
            Parameter("enabled", {"type": "string", "enum": ["true", "false"]}, "Only those that fire, or do not"),
            _LIMIT,
            _CURSOR,
        ),
        answers={200: Answer("A page", answers.ScheduleList)},
        problems=(400, 503),
    ),
    "POST /workflow/schedules": Operation(
        id="createSchedule",
        summary="Create a schedule from its document",
        tag="schedules",
        body={media: _OBJECT if media == DOCUMENT_TYPES[0] else _TEXT for media in DOCUMENT_TYPES},
        body_required=True,
        headers={"Location": "Where the new thing is"},
        answers={201: Answer("Created", answers.ScheduleDetail, ("Location",))},
        problems=(400, 409, 413, 415, 503),
    ),
    "POST /workflow/schedules/reload": Operation(
        id="reloadSchedules",
        summary="Read the schedules of the modules from their files again",
        tag="schedules",
        answers={200: Answer("What has changed, and which files cannot be used", answers.ReloadAnswer)},
        problems=(400, 503),
    ),
    "GET /workflow/schedules/{id}": Operation(
        id="getSchedule",
        summary="One schedule with its statistics",
        tag="schedules",
        answers={200: _SCHEDULE},
        problems=(400, 404, 503),
    ),
    "PUT /workflow/schedules/{id}": Operation(
        id="updateSchedule",
        summary="Merge changes into the document, deeply; the id stays",
        tag="schedules",
        body={"application/json": _OBJECT},
        body_required=True,
        answers={200: _SCHEDULE},
        problems=(400, 404, 409, 413, 415, 503),
    ),
    "DELETE /workflow/schedules/{id}": Operation(
        id="deleteSchedule",
        summary="Delete a schedule; runs that have begun go on",
        tag="schedules",
        answers={200: Answer("Deleted", answers.ScheduleDeleted)},
        problems=(400, 404, 503),
    ),
    "POST /workflow/schedules/{id}/start": Operation(
        id="startSchedule",
        summary="Fire from now on",
        tag="schedules",
        answers={200: _SCHEDULE},
        problems=(400, 404, 409, 503),
    ),
    "POST /workflow/schedules/{id}/stop": Operation(
        id="stopSchedule",
        summary="Fire no more; runs that have begun go on",
        tag="schedules",
        answers={200: _SCHEDULE},
        problems=(400, 404, 409, 503),
    ),
    "POST /workflow/schedules/{id}/trigger": Operation(
        id="triggerSchedule",
        summary="One run now, whether or not the schedule is enabled",
        tag="schedules",
        answers={202: Answer("The execution: started, or waiting for its turn", answers.ExecutionView)},
        problems=(400, 404, 409, 503),
    ),
    "POST /workflow/schedules/{id}/backfill": Operation(
        id="backfillSchedule",
        summary="Run the slots of a past period that have led to no run, each once",
        tag="schedules",
        body={"application/json": BackfillBody},
        body_required=True,
        answers={
            200: Answer("With dryRun: what would run", answers.BackfillAnswer),
            202: Answer("Claimed; they run one after another", answers.BackfillAnswer),
        },
        problems=(400, 404, 413, 415, 503),
    ),
    "GET /workflow/schedules/{id}/executions": Operation(
        id="listExecutions",
        summary="The log of a schedule's executions, the latest slot first",
        tag="schedules",
        parameters=(_LIMIT, _CURSOR),
        answers={200: Answer("A page", answers.ExecutionList)},
        problems=(400, 404, 503),
    ),
    "GET /workflow/schedules/{id}/next": Operation(
        id="nextSlots",
        summary="The slots to come",
        tag="schedules",
        parameters=(Parameter("count", _COUNT, "How many; 5 when left out"),),
        answers={200: Answer("Times in UTC", answers.NextSlots)},
        problems=(400, 404, 503),
    ),
}
