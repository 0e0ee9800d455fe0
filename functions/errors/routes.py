"""Error statistics, circuits, dead letters over HTTP."""

from __future__ import annotations

from typing import cast

from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.errors.bodies import RedriveBody, RedriveFilter, ResetBody
from functions.http.call import Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from reactory.definition.instant import parse_instant
from reactory.errors.answers import Kind
from reactory.errors.dead_letters import DeadLetterFilter
from reactory.errors.error_handler import ErrorHandler
from reactory.exceptions import InvalidRequestError

MAX_PAGE = 200


def list_errors(call: Call, errors: ErrorHandler) -> Response[str]:
    query = call.query("workflowId", "since", "until", "limit", "cursor")
    answer = errors.statistics.search(
        query.text("workflowId"),
        query.time("since"),
        query.time("until"),
        query.integer("limit", 50, 1, MAX_PAGE),
        query.text("cursor"),
        call.tenant,
    )
    return respond(answer)


def clear_errors(call: Call, errors: ErrorHandler) -> Response[str]:
    call.query()
    return respond(errors.statistics.clear(call.parameters["workflowId"], call.tenant))


def list_circuits(call: Call, errors: ErrorHandler) -> Response[str]:
    query = call.query("limit", "cursor")
    limit = query.integer("limit", 50, 1, MAX_PAGE)
    return respond(errors.circuits.search(limit, query.text("cursor"), call.tenant))


def get_circuit(call: Call, errors: ErrorHandler) -> Response[str]:
    call.query()
    return respond(errors.circuits.get(call.parameters["name"], call.tenant))


def reset_circuit(call: Call, errors: ErrorHandler) -> Response[str]:
    call.query()
    body = call.body(ResetBody, errors.services.settings.request_limit)
    return respond(errors.circuits.reset(call.parameters["name"], body.reason, call.caller, call.tenant))


def list_dead_letters(call: Call, errors: ErrorHandler) -> Response[str]:
    query = call.query("kind", "queue", "workflowId", "since", "limit", "cursor")
    kinds = query.choices("kind", ("instance", "message"))
    wanted = DeadLetterFilter(
        kind=cast("Kind", kinds[0]) if len(kinds) == 1 else None,
        queue=query.text("queue"),
        workflow_id=query.text("workflowId"),
        since=query.time("since"),
    )
    limit = query.integer("limit", 50, 1, MAX_PAGE)
    return respond(errors.dead_letters.search(wanted, limit, query.text("cursor"), call.tenant))


def get_dead_letter(call: Call, errors: ErrorHandler) -> Response[str]:
    call.query()
    return respond(errors.dead_letters.get(call.parameters["id"], call.tenant))


def redrive(call: Call, errors: ErrorHandler) -> Response[str]:
    call.query()
    body = call.body(RedriveBody, errors.services.settings.request_limit)
    answer = errors.redrive.redrive(
        ids=body.ids,
        wanted=None if body.filter is None else _filter(body.filter),
        reason=body.reason,
        dry_run=body.dry_run,
        cursor=body.cursor,
        caller=call.caller,
        tenant=call.tenant,
    )
    return respond(answer)


def _filter(given: RedriveFilter) -> DeadLetterFilter:
    try:
        since = None if given.since is None else parse_instant(given.since)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"filter: since: {error.message}") from error
    return DeadLetterFilter(given.kind, given.queue, given.workflow_id, since)


ENDPOINTS: dict[str, Endpoint[ErrorHandler]] = {
    "GET /workflow/errors": list_errors,
    "DELETE /workflow/errors/{workflowId}": clear_errors,
    "GET /workflow/circuits": list_circuits,
    "GET /workflow/circuits/{name}": get_circuit,
    "POST /workflow/circuits/{name}/reset": reset_circuit,
    "GET /workflow/dead-letters": list_dead_letters,
    "GET /workflow/dead-letters/{id}": get_dead_letter,
    "POST /workflow/dead-letters/redrive": redrive,
}
