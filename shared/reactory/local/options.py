"""What ``reactory dev`` can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class DevOptions:
    """``port`` 0 takes a free one. ``modules`` are folders or packages with modules; none: the folder ``workflows``.

    ``mongodb_uri`` None: the environment's MONGODB_URI, else a mongod of our own on ``data``. ``fresh`` empties ``data``.
    ``aws``: queues, bus and counters in memory; ``moto``: boto3 against moto in this process; ``endpoint``: boto3
    against AWS_ENDPOINT_URL. ``workers`` and ``api_containers`` bound the containers that run at once. ``grace`` is how many
    seconds a stop waits for what runs. ``environ`` is added to the environment of the containers.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    modules: tuple[str | Path, ...] = ()
    data: Path = Path(".reactory/data")
    fresh: bool = False
    mongodb_uri: str | None = None
    database: str = "reactory"
    aws: Literal["memory", "moto", "endpoint"] = "memory"
    workers: int = 2
    api_containers: int = 16
    grace: float = 10.0
    reload: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)
