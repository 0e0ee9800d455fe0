"""Activities: external workers take them, say that they are alive, and answer with their token."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from functions.runner.bodies import ActivityFailure, ActivityResult, Heartbeat, Take
from reactory.runner.runner import Runner


def take_activities(call: Call, runner: Runner) -> Response[str]:
    call.query()
    wanted = call.body(Take, _limit(runner))
    taken = runner.activities.take(
        call.parameters["name"],
        wanted.worker,
        count=wanted.count,
        lease_ms=wanted.lease_ms,
        tenant=call.tenant,
    )
    return respond(taken)


def complete_activity(call: Call, runner: Runner) -> Response[str]:
    call.query()
    result = call.body(ActivityResult, _limit(runner)).result
    return respond(runner.activities.complete(call.parameters["token"], result, tenant=call.tenant))


def fail_activity(call: Call, runner: Runner) -> Response[str]:
    call.query()
    error = call.body(ActivityFailure, _limit(runner)).error
    return respond(runner.activities.fail(call.parameters["token"], error, tenant=call.tenant))


def extend_activity(call: Call, runner: Runner) -> Response[str]:
    call.query()
    lease_ms = call.body(Heartbeat, _limit(runner)).lease_ms
    return respond(runner.activities.heartbeat(call.parameters["token"], lease_ms=lease_ms, tenant=call.tenant))


def _limit(runner: Runner) -> int:
    return runner.services.settings.request_limit


ENDPOINTS: dict[str, Endpoint[Runner]] = {
    "POST /workflow/activities/{name}/take": take_activities,
    "POST /workflow/activities/{token}/complete": complete_activity,
    "POST /workflow/activities/{token}/fail": fail_activity,
    "POST /workflow/activities/{token}/heartbeat": extend_activity,
}
