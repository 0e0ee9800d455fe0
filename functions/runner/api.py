"""The HTTP API of the runner. API Gateway's HTTP API calls it with payload format 2.0; topology has its routes."""

from __future__ import annotations

from functions.http.routing import make_handler
from functions.runner.routes import activities, events, instances, operations, start, system, tasks, workflows
from functions.runner.wiring import runner

ENDPOINTS = (
    system.ENDPOINTS
    | workflows.ENDPOINTS
    | start.ENDPOINTS
    | instances.ENDPOINTS
    | operations.ENDPOINTS
    | events.ENDPOINTS
    | tasks.ENDPOINTS
    | activities.ENDPOINTS
)

handler = make_handler("runner-api", ENDPOINTS, runner)
