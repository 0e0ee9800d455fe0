"""What an operator does to instances that went wrong: rewind, fork, migrate; and one request for many (WH-22, LC-14)."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import JSON, Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from reactory.definition.instant import parse_instant
from reactory.exceptions import InvalidRequestError
from reactory.ports.store import InstanceQuery
from reactory.runner.answers import StartAnswer
from reactory.runner.batch import BatchAction
from reactory.runner.instant import to_text
from reactory.runner.runner import Runner
from reactory.runner.transitions import Status

Body = TypeVar("Body")
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class RetryBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """``input`` is corrected input for the failed step ``stepId`` (its id, or its path where the id is not enough), in the
    place of what the workflow would give it; without ``stepId`` for the only one that has failed.
    """

    step_id: str = ""
    input: dict[str, Any] | None = None
    reason: str = ""


class RewindBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """``stepId`` is the id of a finished step, or its path where it has finished more than once."""

    step_id: _Name
    reason: str = ""


class ForkBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Without ``input`` the fork gets that of the instance that it is made from."""

    step_id: _Name
    input: dict[str, Any] | None = None


class MigrateBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    version: _Name
    reason: str = ""


class BatchFilter(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The filters of the list of instances."""

    status: Status | list[Status] | None = None
    workflow_id: _Name | None = None
    version: _Name | None = None
    tag: _Name | None = None
    search: _Name | None = None
    parent: _Name | None = None
    created_after: _Name | None = None
    created_before: _Name | None = None


class BatchBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """``filter`` or ``ids``. ``version`` belongs to the action migrate."""

    action: BatchAction
    filter: BatchFilter | None = None
    ids: list[_Name] | None = None
    reason: str = ""
    version: str = ""
    dry_run: bool = False


def retry(call: Call, runner: Runner) -> Response[str]:
    """The body is optional."""
    call.query()
    empty = not call.content(runner.services.settings.request_limit).strip()
    body = RetryBody() if empty else _body(call, runner, RetryBody)
    answer = runner.control.control(
        call.parameters["id"],
        "retry",
        reason=body.reason,
        caller=call.caller,
        tenant=call.tenant,
        step=body.step_id,
        data=body.input,
    )
    return respond(answer)


def rewind(call: Call, runner: Runner) -> Response[str]:
    body = _body(call, runner, RewindBody)
    answer = runner.control.control(
        call.parameters["id"], "rewind", reason=body.reason, caller=call.caller, tenant=call.tenant, step=body.step_id
    )
    return respond(answer)


def migrate(call: Call, runner: Runner) -> Response[str]:
    body = _body(call, runner, MigrateBody)
    answer = runner.control.control(
        call.parameters["id"],
        "migrate",
        reason=body.reason,
        caller=call.caller,
        tenant=call.tenant,
        version=body.version,
    )
    return respond(answer)


def fork(call: Call, runner: Runner) -> Response[str]:
    body = _body(call, runner, ForkBody)
    instance = runner.forks.fork(
        call.parameters["id"], body.step_id, body.input, caller=call.caller, tenant=call.tenant
    ).instance
    answer = StartAnswer(
        instance_id=instance.id,
        workflow_id=instance.workflow_id,
        version=instance.version,
        status="started",
        timestamp=to_text(instance.created_at),
    )
    return respond(answer, 201, {"Location": f"/workflow/instance/{instance.id}"})


def batch(call: Call, runner: Runner) -> Response[str]:
    body = _body(call, runner, BatchBody)
    job = runner.batches.begin(
        body.action,
        ids=body.ids,
        query=None if body.filter is None else _query(body.filter, call.tenant),
        reason=body.reason,
        version=body.version,
        dry_run=body.dry_run,
        caller=call.caller,
        tenant=call.tenant,
    )
    return respond(job, 202, {"Location": f"/workflow/jobs/{job.job_id}"})


def get_job(call: Call, runner: Runner) -> Response[str]:
    call.query()
    return respond(runner.batches.get(call.parameters["id"], call.tenant))


def _body(call: Call, runner: Runner, kind: type[Body]) -> Body:
    call.query()
    call.media_type(JSON)
    content = call.json(runner.services.settings.request_limit)
    try:
        return msgspec.convert({} if content is None else content, kind)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"the body is not understood: {error}") from error


def _query(given: BatchFilter, tenant: str) -> InstanceQuery:
    """A filter that selects everything is more likely a mistake than a wish."""
    if given == BatchFilter():
        raise InvalidRequestError("filter: is empty, and would select every instance; say at least which status")
    statuses = [given.status] if isinstance(given.status, str) else given.status or []
    return InstanceQuery(
        tenant=tenant,
        status=tuple(statuses),
        workflow_id=given.workflow_id,
        version=given.version,
        tag=given.tag,
        search=given.search,
        parent=given.parent,
        created_after=_time("createdAfter", given.created_after),
        created_before=_time("createdBefore", given.created_before),
    )


def _time(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"filter: {name}: {error.message}") from error


ENDPOINTS: dict[str, Endpoint[Runner]] = {
    "POST /workflow/instance/{id}/retry": retry,
    "POST /workflow/instance/{id}/rewind": rewind,
    "POST /workflow/instance/{id}/fork": fork,
    "POST /workflow/instance/{id}/migrate": migrate,
    "POST /workflow/instances/batch": batch,
    "GET /workflow/jobs/{id}": get_job,
}
