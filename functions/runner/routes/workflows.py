"""Registered definitions: list, look at, register, validate, delete."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import JSON, Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from reactory.exceptions import InvalidRequestError
from reactory.runner.runner import Runner

DOCUMENT_TYPES = (JSON, "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")


def list_workflows(call: Call, runner: Runner) -> Response[str]:
    query = call.query("nameSpace", "tags", "search")
    found = runner.registry.search(
        name_space=query.text("nameSpace"),
        tags=query.words("tags"),
        text=query.text("search"),
        tenant=call.tenant,
    )
    return respond(found)


def get_workflow(call: Call, runner: Runner) -> Response[str]:
    version = call.query("version").text("version")
    return respond(runner.registry.get(_workflow_id(call), version, call.tenant))


def register_workflow(call: Call, runner: Runner) -> Response[str]:
    call.query()
    registered = runner.registry.register(_document(call, runner), tenant=call.tenant)
    summary = registered.workflow
    location = f"/workflow/workflows/{summary.name_space}/{summary.name}?version={summary.version}"
    return respond(registered, 201 if registered.created else 200, {"Location": location})


def delete_workflow(call: Call, runner: Runner) -> Response[str]:
    version = call.query("version").text("version")
    return respond(runner.registry.delete(_workflow_id(call), version, call.tenant))


def validate_workflow(call: Call, runner: Runner) -> Response[str]:
    call.query()
    return respond(runner.registry.validate(_document(call, runner)))


def _document(call: Call, runner: Runner) -> bytes:
    call.media_type(*DOCUMENT_TYPES)
    content = call.content(runner.services.settings.request_limit)
    if not content.strip():
        raise InvalidRequestError("the body is empty; send a workflow document as YAML or JSON")
    return content


def _workflow_id(call: Call) -> str:
    return f"{call.parameters['nameSpace']}.{call.parameters['name']}"


ENDPOINTS: dict[str, Endpoint[Runner]] = {
    "GET /workflow/workflows": list_workflows,
    "POST /workflow/workflows": register_workflow,
    "GET /workflow/workflows/{nameSpace}/{name}": get_workflow,
    "DELETE /workflow/workflows/{nameSpace}/{name}": delete_workflow,
    "POST /workflow/validate": validate_workflow,
}
