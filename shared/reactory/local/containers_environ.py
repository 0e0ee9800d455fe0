"""The environment of the containers: the settings that the stack decides, and what Lambda sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from reactory import topology
from reactory.local.lambda_context import REGION

RATE_LIMITS = '{"general": {"limit": 60000, "per": 60}, "start": {"limit": 60000, "per": 60}}'
"""Raised, so that a developer's own loop is not throttled; an environment that has its own keeps them."""


def containers_environ(
    inherited: Mapping[str, str], *, uri: str, database: str, modules: Sequence[Path], aws: Mapping[str, str]
) -> dict[str, str]:
    """``aws`` is what the mode adds: endpoint, credentials, which adapters.

    With an endpoint, whatever else could lead boto3 past it, to the developer's own account, is left out.
    """
    region = aws.get("AWS_REGION") or inherited.get("AWS_REGION") or REGION
    kept = {name: value for name, value in inherited.items() if not ("AWS_ENDPOINT_URL" in aws and _leads_past(name))}
    return {
        "REACTORY_RATE_LIMITS": RATE_LIMITS,
        **kept,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "PYTHONUNBUFFERED": "1",
        "REACTORY_MONGODB_URI": uri,
        "REACTORY_DATABASE": database,
        "REACTORY_MODULES": msgspec.json.encode([str(module) for module in modules]).decode(),
        "REACTORY_BUS": topology.BUS,
        **aws,
    }


def _leads_past(name: str) -> bool:
    return name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN") or name.startswith("AWS_ENDPOINT_URL_")
