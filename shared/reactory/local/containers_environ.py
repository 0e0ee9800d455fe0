"""The environment of the containers: the settings that the stack decides, and what Lambda sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from reactory import topology
from reactory.local.lambda_context import REGION


def containers_environ(
    inherited: Mapping[str, str], *, uri: str, database: str, modules: Sequence[Path], aws: Mapping[str, str]
) -> dict[str, str]:
    """``aws`` is what the mode adds: endpoint, credentials, which adapters."""
    return {
        "AWS_REGION": REGION,
        **inherited,
        "PYTHONUNBUFFERED": "1",
        "REACTORY_MONGODB_URI": uri,
        "REACTORY_DATABASE": database,
        "REACTORY_MODULES": msgspec.json.encode([str(module) for module in modules]).decode(),
        "REACTORY_BUS": topology.BUS,
        **aws,
    }
