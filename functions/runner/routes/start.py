"""POST /workflow/start/{workflowId}: start, and on request wait for the result (IM-1, IM-2)."""

from __future__ import annotations

from typing import Any

import msgspec
from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import JSON, Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from functions.runner.options import START_JSON, StartOptions, read_options
from reactory.ports.store import Instance
from reactory.runner.answers import Reason, ResultAnswer, StartAnswer
from reactory.runner.instant import to_text
from reactory.runner.runner import Runner
from reactory.runner.transitions import FINISHED

MAX_WAIT = 25.0
"""Seconds: API Gateway gives up after 30."""


def start_workflow(call: Call, runner: Runner) -> Response[str]:
    query = call.query("version", "wait")
    wait = query.number("wait", 0, MAX_WAIT)
    options = _options(call, runner)
    started = runner.start.start_workflow(
        call.parameters["workflowId"],
        query.text("version"),
        options.input,
        mode="api",
        trigger_id=call.request_id or None,
        caller=call.caller,
        tags=options.tags,
        priority=options.priority,
        timeout=options.timeout,
        idempotency_key=call.header("idempotency-key"),
        correlation_id=call.header("x-correlation-id"),
        tenant=call.tenant,
    )
    instance = started.instance
    headers = {"Location": f"/workflow/instance/{instance.id}"}
    if not started.created:
        headers["Idempotency-Replayed"] = "true"
    if not wait:
        return respond(_started(instance, "started"), 201, headers)
    found = runner.query.wait_for(instance.id, wait, call.tenant)
    if found["status"] not in FINISHED:
        return respond(_started(instance, found["status"]), 202, headers)
    return respond(_result(instance, found), 200, headers)


def _options(call: Call, runner: Runner) -> StartOptions:
    media_type = call.media_type(JSON, START_JSON)
    body = call.json(runner.services.settings.request_limit)
    return read_options(body) if media_type == START_JSON else StartOptions(input=body)


def _started(instance: Instance, status: str) -> StartAnswer:
    return StartAnswer(
        instance_id=instance.id,
        workflow_id=instance.workflow_id,
        version=instance.version,
        status=status,
        timestamp=to_text(instance.created_at),
    )


def _result(instance: Instance, found: dict[str, Any]) -> ResultAnswer:
    return ResultAnswer(
        instance_id=instance.id,
        workflow_id=instance.workflow_id,
        version=instance.version,
        status=found["status"],
        result=found["outputs"],
        reason=msgspec.convert(found["reason"], Reason | None),
        timestamp=found["completedAt"] or to_text(instance.created_at),
    )


ENDPOINTS: dict[str, Endpoint[Runner]] = {"POST /workflow/start/{workflowId}": start_workflow}
