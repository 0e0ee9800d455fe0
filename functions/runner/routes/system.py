"""Health, status, and the description of the API."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import Call
from functions.http.respond import JSON, respond
from functions.http.routing import Endpoint
from functions.runner.status import whole_status
from reactory.runner.health import check_health
from reactory.runner.runner import Runner


def get_health(call: Call, runner: Runner) -> Response[str]:
    call.query()
    health = check_health(runner.services)
    return respond(health, 503 if health.status == "unhealthy" else 200)


def get_openapi(call: Call, _: Runner) -> Response[str]:
    from functions.runner.openapi import openapi_json

    call.query()
    return Response(200, content_type=JSON, body=openapi_json(), headers={"Cache-Control": "max-age=300"})


def get_status(call: Call, runner: Runner) -> Response[str]:
    call.query()
    return respond(whole_status(runner.services, call.tenant))


ENDPOINTS: dict[str, Endpoint[Runner]] = {
    "GET /health": get_health,
    "GET /openapi.json": get_openapi,
    "GET /workflow/status": get_status,
}
