"""Events: published to whoever waits for them, or sent to one instance as a signal (WR-9, WH-9, WH-11)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import JSON, Call
from functions.http.query import Query
from functions.http.respond import respond
from functions.http.routing import Endpoint
from reactory.runner.runner import Runner

EVENT_TIME = "eventTime"


def publish_event(call: Call, runner: Runner) -> Response[str]:
    query = call.query(EVENT_TIME)
    published = runner.events.publish(
        call.parameters["name"],
        call.parameters["key"],
        _data(call, runner),
        idempotency_key=call.header("idempotency-key"),
        time=query.time(EVENT_TIME) if query.text(EVENT_TIME) else _header_time(call),
        source=call.caller,
        tenant=call.tenant,
    )
    return respond(published, 202)


def signal_instance(call: Call, runner: Runner) -> Response[str]:
    call.query()
    published = runner.events.signal(
        call.parameters["id"],
        call.parameters["name"],
        _data(call, runner),
        idempotency_key=call.header("idempotency-key"),
        source=call.caller,
        tenant=call.tenant,
    )
    return respond(published, 202)


def _data(call: Call, runner: Runner) -> Any:
    """The whole body is the event's data; None when there is none."""
    call.media_type(JSON)
    return call.json(runner.services.settings.request_limit)


def _header_time(call: Call) -> int | None:
    return Query({EVENT_TIME: call.header(EVENT_TIME) or ""}, (EVENT_TIME,)).time(EVENT_TIME)


ENDPOINTS: dict[str, Endpoint[Runner]] = {
    "POST /workflow/events/{name}/{key}": publish_event,
    "POST /workflow/instance/{id}/signal/{name}": signal_instance,
}
