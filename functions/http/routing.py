"""From the topology's routes to a Lambda handler: each route with its endpoint, everything else as a problem.

API Gateway sends what no route knows to the ``$default`` route: an unknown path is 404 there, and a wrong method on a
known path 405, over the routes of all functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.request import Request

from functions.http.call import Call
from functions.http.limiting import UNLIMITED, rate_limiter
from functions.http.problems import problem_response
from reactory.exceptions import InvalidRequestError, MethodNotAllowedError, NotFoundError
from reactory.observability import bound
from reactory.runner.rate_limiter import RateLimiter
from reactory.topology import FUNCTIONS, Route

Component = TypeVar("Component")
Endpoint = Callable[[Call, Component], Response[str]]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def make_handler(
    function: str,
    endpoints: Mapping[str, Endpoint[Component]],
    component: Callable[[], Component],
    limiter: Callable[[], RateLimiter] = rate_limiter,
) -> Handler:
    """The handler of one function of the topology. ``endpoints`` go by route key: ``GET /workflow/instance/{id}``.

    ``component`` gives the use cases, ``limiter`` the general rate limit; both are called once per request, so that a
    process starts even when its surroundings are not ready.
    """
    resolver = APIGatewayHttpResolver(debug=False)
    spec = next(spec for spec in FUNCTIONS if spec.name == function)
    for route in spec.routes:
        key = f"{route.method} {route.path}"
        endpoint = _bind(endpoints[key], component, None if key in UNLIMITED else limiter)
        rule = route.path.replace("{", "<").replace("}", ">")
        resolver.route(rule, route.method)(endpoint)

    def unknown(_: NoRouteError) -> Response[str]:
        event = resolver.current_event
        return problem_response(no_route(event.http_method, event.path), event.raw_event)

    def failed(error: Exception) -> Response[str]:
        return problem_response(error, resolver.current_event.raw_event)

    resolver.not_found(unknown)
    resolver.exception_handler(Exception)(failed)
    return resolver.resolve


def _bind(
    endpoint: Endpoint[Component], component: Callable[[], Component], limiter: Callable[[], RateLimiter] | None
) -> Callable[..., Response[str]]:
    def run(request: Request, **parameters: str) -> Response[str]:
        call = Call(request.resolved_event.raw_event, parameters)
        with bound(request=call.request_id):
            if limiter is not None:
                limiter().check_request(call.tenant, call.client)
            return endpoint(call, component())

    return run


def no_route(method: str, path: str) -> NotFoundError | MethodNotAllowedError | InvalidRequestError:
    """405 with the methods that the path knows, or 404; 400 where only a character keeps the path from its route."""
    allowed = sorted({route.method for spec in FUNCTIONS for route in spec.routes if _matches(route, path)})
    if method in allowed:
        return InvalidRequestError(
            f"{path}: names in a path hold letters, digits and -._~()'!*:@,;=+&$%<>[]{{}}|^ only"
        )
    if allowed:
        return MethodNotAllowedError(f"{method} is not allowed on {path}; use {' or '.join(allowed)}", allowed)
    return NotFoundError(f"there is no {path}; GET /openapi.json lists what there is")


def _matches(route: Route, path: str) -> bool:
    expected, given = route.path.split("/"), path.split("/")
    return len(expected) == len(given) and all(
        part == value or (part.startswith("{") and value) for part, value in zip(expected, given, strict=True)
    )
