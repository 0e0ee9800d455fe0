"""Requests find the function that the topology names for them."""

from __future__ import annotations

import pytest

from reactory import topology
from reactory.local.routes import Match, Routes
from reactory.topology import FunctionSpec, Route

ROUTES = Routes(topology.FUNCTIONS)


@pytest.mark.parametrize("route", [route for function in topology.FUNCTIONS for route in function.routes])
def test_every_declared_route_is_found(route: Route) -> None:
    """Each route of the topology leads to itself."""
    path = route.path.replace("{", "<").replace("}", ">")
    assert ROUTES.match(route.method, path).route_key == f"{route.method} {route.path}"


def test_parameters_are_taken_from_the_decoded_path() -> None:
    """A path parameter is what stands in its segment."""
    assert ROUTES.match("POST", "/workflow/start/acme.Order@1.0.0") == Match(
        "runner-api", "POST /workflow/start/{workflowId}", {"workflowId": "acme.Order@1.0.0"}
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("PATCH", "/health"),
        ("GET", "/workflow/instance/"),
        ("GET", "/workflow/instance/a/b"),
        ("GET", "/health/"),
        ("GET", ""),
    ],
)
def test_what_no_route_knows_goes_to_the_default(method: str, path: str) -> None:
    """WR-16: an unknown path or a wrong method reaches the default function, which answers with a problem document."""
    assert ROUTES.match(method, path) == Match(topology.DEFAULT_FUNCTION, "$default")


def test_a_literal_segment_beats_a_parameter() -> None:
    """The more specific route wins, whatever the order of declaration."""
    functions = [
        FunctionSpec("general", "m.h", 1, 128, routes=(Route("GET", "/things/{id}"),)),
        FunctionSpec("special", "m.h", 1, 128, routes=(Route("GET", "/things/all"),)),
    ]
    routes = Routes(functions, default="general")
    assert routes.match("GET", "/things/all").function == "special"
    assert routes.match("GET", "/things/one").parameters == {"id": "one"}
