"""Instances: list, look at, history, and what an operator asks of them."""

from __future__ import annotations

from typing import Any, Literal, cast

from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import JSON, Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from reactory.exceptions import InvalidRequestError
from reactory.kernel.facts import ControlAction
from reactory.ports.store import InstanceQuery
from reactory.runner.runner import Runner
from reactory.runner.transitions import STATUSES

MAX_PAGE = 200
MAX_HISTORY = 1000
SORTS = ("-createdAt", "createdAt")
FILTERS = (
    *("status", "workflowId", "version", "tag", "search", "parent"),
    *("createdAfter", "createdBefore", "limit", "cursor", "sort"),
)


def list_instances(call: Call, runner: Runner) -> Response[str]:
    query = call.query(*FILTERS)
    workflow_id, _, pinned = (query.text("workflowId") or "").partition("@")
    sort = query.choices("sort", SORTS)
    page = InstanceQuery(
        tenant=call.tenant,
        status=query.choices("status", STATUSES),
        workflow_id=workflow_id or None,
        version=pinned or query.text("version"),
        tag=query.text("tag"),
        search=query.text("search"),
        parent=query.text("parent"),
        created_after=query.time("createdAfter"),
        created_before=query.time("createdBefore"),
        limit=query.integer("limit", 50, 1, MAX_PAGE),
        cursor=query.text("cursor"),
        sort=cast("Literal['-createdAt', 'createdAt']", sort[0] if sort else SORTS[0]),
    )
    return respond(runner.query.search(page))


def get_instance(call: Call, runner: Runner) -> Response[str]:
    call.query()
    return respond(runner.query.get(call.parameters["id"], call.tenant))


def get_history(call: Call, runner: Runner) -> Response[str]:
    query = call.query("after", "limit")
    page = runner.query.history(
        call.parameters["id"],
        after=query.integer("after", -1, -1, 2**53),
        limit=query.integer("limit", 100, 1, MAX_HISTORY),
        tenant=call.tenant,
    )
    return respond(page)


def control(action: ControlAction) -> Endpoint[Runner]:
    """The endpoint of one of an operator's requests; a body ``{reason}`` is optional."""

    def run(call: Call, runner: Runner) -> Response[str]:
        call.query()
        reason = _reason(call, runner)
        answer = runner.control.control(
            call.parameters["id"],
            action,
            reason=reason,
            caller=call.caller,
            tenant=call.tenant,
        )
        return respond(answer)

    return run


def _reason(call: Call, runner: Runner) -> str:
    limit = runner.services.settings.request_limit
    if not call.content(limit).strip():
        return ""
    call.media_type(JSON)
    body: Any = call.json(limit)
    reason = body.get("reason", "") if isinstance(body, dict) and body.keys() <= {"reason"} else None
    if not isinstance(reason, str):
        raise InvalidRequestError('the body must be empty or {"reason": "…"}')
    return reason


ENDPOINTS: dict[str, Endpoint[Runner]] = {
    "GET /workflow/instances": list_instances,
    "GET /workflow/instance/{id}": get_instance,
    "GET /workflow/instance/{id}/history": get_history,
    "DELETE /workflow/instance/{id}": control("cancel"),
    "POST /workflow/instance/{id}/pause": control("pause"),
    "POST /workflow/instance/{id}/resume": control("resume"),
}
