"""Schedules: list, look at, create, change, delete, start, stop, trigger, backfill."""

from __future__ import annotations

import msgspec
from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import JSON, Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from reactory.definition.instant import parse_instant
from reactory.definition.reference import parse_reference
from reactory.exceptions import InvalidRequestError
from reactory.ports.executions import ExecutionQuery
from reactory.ports.schedules import ScheduleQuery
from reactory.scheduler.desk import MOST_NEXT
from reactory.scheduler.scheduler import Scheduler

DOCUMENT_TYPES = (JSON, "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
MAX_PAGE = 200
FILTERS = ("workflowId", "nameSpace", "name", "version", "enabled", "limit", "cursor")


class BackfillBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``from`` and ``to`` are times (RFC 3339), both included."""

    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    dry_run: bool = msgspec.field(name="dryRun", default=False)


def list_schedules(call: Call, scheduler: Scheduler) -> Response[str]:
    query = call.query(*FILTERS)
    workflow, version = query.text("workflowId"), query.text("version")
    if workflow is not None:
        reference = parse_reference(workflow)
        workflow, version = reference.id, reference.version or version
    enabled = query.choices("enabled", ("true", "false"))
    if len(enabled) > 1:
        raise InvalidRequestError("enabled: true or false, not both; leave it out for all")
    page = ScheduleQuery(
        tenant=call.tenant,
        workflow_id=workflow,
        name_space=query.text("nameSpace"),
        workflow_name=query.text("name"),
        version=version,
        enabled=enabled[0] == "true" if enabled else None,
        limit=query.integer("limit", 50, 1, MAX_PAGE),
        cursor=query.text("cursor"),
    )
    return respond(scheduler.desk.search(page))


def create_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    call.media_type(*DOCUMENT_TYPES)
    content = call.content(scheduler.services.settings.request_limit)
    if not content.strip():
        raise InvalidRequestError("the body is empty; send a schedule document as YAML or JSON")
    created = scheduler.desk.create(content, tenant=call.tenant)
    return respond(created, 201, {"Location": f"/workflow/schedules/{created.id}"})


def reload_schedules(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    return respond(scheduler.reload(call.tenant))


def get_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    return respond(scheduler.desk.get(call.parameters["id"], tenant=call.tenant))


def update_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    call.media_type(JSON)
    changes = call.json(scheduler.services.settings.request_limit)
    return respond(scheduler.desk.update(call.parameters["id"], changes, tenant=call.tenant))


def delete_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    return respond(scheduler.desk.delete(call.parameters["id"], tenant=call.tenant))


def start_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    return respond(scheduler.desk.start(call.parameters["id"], tenant=call.tenant))


def stop_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    return respond(scheduler.desk.stop(call.parameters["id"], tenant=call.tenant))


def trigger_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    return respond(scheduler.asked.trigger(call.parameters["id"], caller=call.caller, tenant=call.tenant), 202)


def backfill_schedule(call: Call, scheduler: Scheduler) -> Response[str]:
    call.query()
    body = call.body(BackfillBody, scheduler.services.settings.request_limit)
    answer = scheduler.asked.backfill(
        call.parameters["id"],
        _time("from", body.begin),
        _time("to", body.end),
        dry_run=body.dry_run,
        caller=call.caller,
        tenant=call.tenant,
    )
    return respond(answer, 200 if body.dry_run else 202)


def list_executions(call: Call, scheduler: Scheduler) -> Response[str]:
    query = call.query("limit", "cursor")
    page = ExecutionQuery(
        tenant=call.tenant,
        schedule_id=call.parameters["id"],
        limit=query.integer("limit", 50, 1, MAX_PAGE),
        cursor=query.text("cursor"),
    )
    return respond(scheduler.desk.executions(page))


def next_slots(call: Call, scheduler: Scheduler) -> Response[str]:
    count = call.query("count").integer("count", 5, 1, MOST_NEXT)
    return respond(scheduler.desk.next(call.parameters["id"], count, tenant=call.tenant))


def _time(name: str, text: str) -> int:
    try:
        return parse_instant(text)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{name}: {error.message}") from error


ENDPOINTS: dict[str, Endpoint[Scheduler]] = {
    "GET /workflow/schedules": list_schedules,
    "POST /workflow/schedules": create_schedule,
    "POST /workflow/schedules/reload": reload_schedules,
    "GET /workflow/schedules/{id}": get_schedule,
    "PUT /workflow/schedules/{id}": update_schedule,
    "DELETE /workflow/schedules/{id}": delete_schedule,
    "POST /workflow/schedules/{id}/start": start_schedule,
    "POST /workflow/schedules/{id}/stop": stop_schedule,
    "POST /workflow/schedules/{id}/trigger": trigger_schedule,
    "POST /workflow/schedules/{id}/backfill": backfill_schedule,
    "GET /workflow/schedules/{id}/executions": list_executions,
    "GET /workflow/schedules/{id}/next": next_slots,
}
