"""User activities: who is asked for what, and the answer."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Response

from functions.http.call import Call
from functions.http.respond import respond
from functions.http.routing import Endpoint
from functions.runner.bodies import TaskAnswer
from reactory.ports.tasks import TaskQuery
from reactory.runner.runner import Runner

MAX_PAGE = 200
FILTERS = ("assignee", "instanceId", "workflowId", "activityType", "limit", "cursor")


def list_tasks(call: Call, runner: Runner) -> Response[str]:
    query = call.query(*FILTERS)
    page = TaskQuery(
        tenant=call.tenant,
        kind="user",
        name=query.text("activityType"),
        assignee=query.text("assignee"),
        instance_id=query.text("instanceId"),
        workflow_id=query.text("workflowId"),
        limit=query.integer("limit", 50, 1, MAX_PAGE),
        cursor=query.text("cursor"),
    )
    return respond(runner.tasks.search(page))


def complete_task(call: Call, runner: Runner) -> Response[str]:
    call.query()
    answer = call.body(TaskAnswer, runner.services.settings.request_limit)
    completed = runner.tasks.complete(
        call.parameters["id"],
        answer.action,
        answer.data,
        user=answer.user or call.caller,
        tenant=call.tenant,
    )
    return respond(completed)


ENDPOINTS: dict[str, Endpoint[Runner]] = {
    "GET /workflow/tasks": list_tasks,
    "POST /workflow/tasks/{id}/complete": complete_task,
}
