"""The HTTP API of the scheduler. API Gateway's HTTP API calls it with payload format 2.0; topology has its routes."""

from __future__ import annotations

from functions.http.routing import make_handler
from functions.scheduler.routes import ENDPOINTS
from functions.scheduler.wiring import scheduler

handler = make_handler("scheduler-api", ENDPOINTS, scheduler)
