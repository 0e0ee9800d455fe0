"""The HTTP API of the ErrorHandler; topology has its routes."""

from __future__ import annotations

from functions.errors.routes import ENDPOINTS
from functions.errors.wiring import error_handler
from functions.http.routing import make_handler

handler = make_handler("errors-api", ENDPOINTS, error_handler)
