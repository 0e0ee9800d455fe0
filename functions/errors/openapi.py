"""What the ErrorHandler's API takes and answers."""

from __future__ import annotations

from functions.errors.bodies import RedriveBody, ResetBody
from functions.errors.routes import MAX_PAGE
from functions.http.openapi import Answer, Operation, Parameter
from reactory.errors import answers

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_PAGE = (
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}, "Per page"),
    Parameter("cursor", _TEXT, "nextCursor of the page before"),
)

ERRORS: dict[str, Operation] = {
    "GET /workflow/errors": Operation(
        id="listErrors",
        summary="What goes wrong: per workflow, step and category, and hour by hour",
        tag="errors",
        parameters=(
            Parameter("workflowId", _TEXT, "Only of this workflow: nameSpace.Name"),
            Parameter("since", _TIME, "Begin of series and totals; a day before until when left out"),
            Parameter("until", _TIME, "End of series and totals; now when left out"),
            *_PAGE,
        ),
        answers={200: Answer("One page of counts, with the series and totals of the range", answers.ErrorList)},
        problems=(400, 503),
    ),
    "DELETE /workflow/errors/{workflowId}": Operation(
        id="clearErrors",
        summary="Forget the error statistics of a workflow",
        tag="errors",
        answers={200: Answer("How many occurrences were forgotten", answers.Cleared)},
        problems=(400, 503),
    ),
    "GET /workflow/circuits": Operation(
        id="listCircuits",
        summary="Circuit breakers, by name",
        tag="errors",
        parameters=_PAGE,
        answers={200: Answer("One page", answers.CircuitList)},
        problems=(400, 503),
    ),
    "GET /workflow/circuits/{name}": Operation(
        id="getCircuit",
        summary="One circuit breaker",
        tag="errors",
        answers={200: Answer("How it stands", answers.CircuitView)},
        problems=(400, 404, 503),
    ),
    "POST /workflow/circuits/{name}/reset": Operation(
        id="resetCircuit",
        summary="Close a circuit breaker and forget its counts",
        tag="errors",
        body={"application/json": ResetBody},
        answers={200: Answer("It is closed", answers.CircuitReset)},
        problems=(400, 404, 413, 415, 503),
    ),
    "GET /workflow/dead-letters": Operation(
        id="listDeadLetters",
        summary="Messages that nobody could work off, and instances that wait for somebody to mend what is wrong",
        tag="errors",
        parameters=(
            Parameter("kind", {"type": "string", "enum": ["instance", "message"]}, "Only these"),
            Parameter("queue", _TEXT, "Only messages of this queue"),
            Parameter("workflowId", _TEXT, "Only instances of this workflow: nameSpace.Name"),
            Parameter("since", _TIME, "Only what died at that time or later"),
            *_PAGE,
        ),
        answers={200: Answer("One page: messages, then instances", answers.DeadLetterList)},
        problems=(400, 503),
    ),
    "GET /workflow/dead-letters/{id}": Operation(
        id="getDeadLetter",
        summary="One dead letter, with the message's body",
        tag="errors",
        answers={200: Answer("The dead letter", answers.DeadLetterDetail)},
        problems=(400, 404, 503),
    ),
    "POST /workflow/dead-letters/redrive": Operation(
        id="redriveDeadLetters",
        summary="Send messages to their queue again, and retry instances",
        tag="errors",
        body={"application/json": RedriveBody},
        body_required=True,
        answers={200: Answer("What became of each", answers.RedriveAnswer)},
        problems=(400, 413, 415, 503),
    ),
}
