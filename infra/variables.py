"""Settings of the engine that a deployment chooses: the context ``reactory:settings`` becomes environment variables."""

from __future__ import annotations

import json
from typing import Any

from reactory.exceptions import InvalidSettingsError
from reactory.settings import SECRET, Settings, read_settings, variable

_STACKS = frozenset(
    {
        "aws",
        "blobs",
        "bucket",
        "bus",
        "counters_table",
        "encryption",
        "kms_key",
        "modules",
        "mongodb_secret",
        "queue_urls",
    }
)
"""What the stack itself gives its functions."""


def read_variables(given: Any) -> dict[str, str]:
    """``{"log_level": "DEBUG", "rate_limits": {…}}``, or that as JSON text → variables by name. Raises ValueError."""
    settings = json.loads(given) if isinstance(given, str) and given else given or {}
    if not isinstance(settings, dict):
        raise ValueError("reactory:settings must be a map from settings to their values")  # noqa: TRY004 - it may be text
    for name in settings:
        if name in SECRET:
            raise ValueError(
                f"reactory:settings: {name} is a secret, and would stand in the template; keep it elsewhere"
            )
        if name in _STACKS or name not in Settings.model_fields:
            known = sorted(Settings.model_fields.keys() - _STACKS - SECRET)
            why = "is set by the stack itself" if name in _STACKS else "is no setting"
            raise ValueError(f"reactory:settings: {name} {why}; there are {', '.join(known)}")
    variables = {variable(name): _text(value) for name, value in settings.items()}
    try:
        read_settings(variables)
    except InvalidSettingsError as error:
        raise ValueError(f"reactory:settings: {error.message}") from error
    return variables


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
