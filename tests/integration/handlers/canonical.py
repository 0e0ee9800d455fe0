"""The canonical events of ``events/``, as they are or about something else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from reactory.topology import DEFAULT_FUNCTION, FunctionSpec, sources

EVENTS = Path(__file__).parents[3] / "events"


def canonical(name: str) -> dict[str, Any]:
    """The event in ``events/<name>.json``."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def events_of(function: FunctionSpec) -> list[str]:
    """The names of the canonical events that this function's triggers send."""
    names = [path.relative_to(EVENTS).with_suffix("").as_posix() for path in sorted(EVENTS.glob("*/*.json"))]
    return [name for name in names if _is_for(function, canonical(name))]


def _is_for(function: FunctionSpec, event: dict[str, Any]) -> bool:
    if "requestContext" in event:
        key = event["routeKey"]
        if key == "$default":
            return function.name == DEFAULT_FUNCTION
        return key in {f"{route.method} {route.path}" for route in function.routes}
    if "Records" in event:
        queue = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        return queue in {spec.name for spec in sources(function)}
    if event["source"] == "aws.cloudformation":
        return function.after_deployment
    return function.rule is not None and event["resources"][0].endswith(f"rule/reactory-{function.name}")


def http(
    method: str,
    path: str,
    *,
    body: Any = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A request as API Gateway sends it: the canonical start, about something else."""
    event = canonical("api/start")
    text = "" if body is None else json.dumps(body)
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["http"]["method"] = method
    event["routeKey"] = event["requestContext"]["routeKey"] = "$default"
    event["rawQueryString"] = urlencode(query or {})
    event["queryStringParameters"] = query or {}
    del event["headers"]["idempotency-key"], event["pathParameters"]
    event["headers"] |= {"content-length": str(len(text.encode()))} | (headers or {})
    return event | {"body": text}


def message(queue_event: str, *bodies: str) -> dict[str, Any]:
    """An SQS event with these bodies, otherwise as the canonical one named ``queue_event``."""
    event = canonical(queue_event)
    template = event["Records"][0]
    event["Records"] = [
        template | {"messageId": f"m-{number}", "body": body, "md5OfBody": hashlib.md5(body.encode()).hexdigest()}
        for number, body in enumerate(bodies)
    ]
    return event
