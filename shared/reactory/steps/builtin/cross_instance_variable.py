"""``cross_instance_variable``: values that all instances of a tenant, or of one of its workflows, share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from reactory.exceptions import InvalidStepError
from reactory.ports.records import Records
from reactory.steps.builtin.wanted import wanted_text
from reactory.steps.context import StepContext

LIMIT = 1_000_000
"""Bytes of a value as JSON."""


def cross_instance_variable(records: Records) -> Callable[..., dict[str, Any]]:
    def body(ctx: StepContext, **_inputs: Any) -> dict[str, Any]:
        """``{key, value}``; the value is null when there is none, and after a delete."""
        key = wanted_text(ctx.config, "key")
        kind, place = _place(ctx, key)
        match ctx.config["action"]:
            case "set":
                records.put(ctx.tenant, kind, place, _encoded(ctx.config.get("value")))
                return {"key": key, "value": ctx.config.get("value")}
            case "delete":
                records.delete(ctx.tenant, kind, place)
                return {"key": key, "value": None}
        stored = records.get(ctx.tenant, kind, place)
        return {"key": key, "value": None if stored is None else msgspec.json.decode(stored)}

    return body


def _place(ctx: StepContext, key: str) -> tuple[str, str]:
    """Kind and key of the record. A workflow's id holds no slash, so that no key can reach that of another one."""
    if ctx.config.get("scope") == "workflow":
        return "variable:workflow", f"{ctx.workflow_id}/{key}"
    return "variable:global", key


def _encoded(value: Any) -> str:
    encoded = msgspec.json.encode(value)
    if len(encoded) > LIMIT:
        raise InvalidStepError(
            f"the value has {len(encoded)} bytes, more than {LIMIT}: keep it elsewhere, and share its key"
        )
    return encoded.decode()
