"""What the kernel asks for: effects, performed by the host after the write that makes them true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reactory.definition.program import Node


@dataclass(frozen=True, slots=True)
class RunStep:
    """Run this step's Python handler. ``timeout`` is milliseconds for this attempt, None = the host's default."""

    path: str
    attempt: int
    node: Node
    handler: str
    input: Any
    config: Any
    timeout: int | None


@dataclass(frozen=True, slots=True)
class CancelStep:
    """Nobody waits for this running step any more."""

    path: str


@dataclass(frozen=True, slots=True)
class Load:
    """A value kept out of line is needed: fetch it, put it into ``Context.values`` and call ``drain`` again."""

    ref: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Store:
    """Keep this value out of line under this id, before the next snapshot is written."""

    id: str
    value: Any


@dataclass(frozen=True, slots=True)
class LogLine:
    path: str
    level: str
    message: str
    data: Any


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The instance moved (LC-2). ``reason`` is ``{code, message, stepId}`` or None; ``number`` counts its moves."""

    number: int
    previous: str
    status: str
    reason: dict[str, Any] | None
    at: int


Effect = RunStep | CancelStep | Load | Store | LogLine | StatusChanged
