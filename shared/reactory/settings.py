"""The process's environment, validated once.

Every variable begins with ``REACTORY_``; a missing or wrong one is reported with its name before anything starts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What the composition root needs to know. Sizes are bytes, times milliseconds unless the name says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mongodb_uri: str = "mongodb://127.0.0.1:27017"
    database: str = "reactory"
    aws: Literal["memory", "boto3"] = Field(default="boto3", description="queue, bus: memory adapters or boto3")
    blobs: Literal["mongo", "s3", "memory"] = "mongo"
    bucket: str = ""
    bus: str = "reactory"
    queue_urls: dict[str, str] = Field(default_factory=dict, description="JSON: queue name → URL; empty: looked up by name")
    modules: list[str] = Field(default_factory=list, description="JSON: folders or packages with a module.yaml")
    env: dict[str, str] = Field(default_factory=dict, description="JSON: the public values that expressions see as env")
    request_limit: int = Field(default=1_048_576, ge=1024)
    inline_limit: int = Field(default=131_072, ge=1024)
    lease_ms: int = Field(default=30_000, ge=1000)
    heartbeat_ms: int = Field(default=10_000, ge=100)
    step_timeout_ms: int = Field(default=30_000, ge=1)
    step_threads: int = Field(default=64, ge=1)
    log_level: str = "INFO"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``REACTORY_<FIELD>`` variables; lists and maps are JSON."""
    import json

    source = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for name, info in Settings.model_fields.items():
        raw = source.get(f"REACTORY_{name.upper()}")
        if raw is None:
            continue
        structured = getattr(info.annotation, "__origin__", None) in (list, dict)
        values[name] = json.loads(raw) if structured else raw
    return Settings.model_validate(values)
