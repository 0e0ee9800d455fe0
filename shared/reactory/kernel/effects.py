"""What the kernel asks for: effects, performed by the host after the write that makes them true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reactory.definition.program import Node
from reactory.kernel.facts import ErrorInfo


@dataclass(frozen=True, slots=True)
class CachedAs:
    """A result is looked up, and kept, under ``key`` for ``ttl`` milliseconds (CA-3)."""

    key: str
    ttl: int


@dataclass(frozen=True, slots=True)
class RunStep:
    """Run this step's Python handler. ``timeouts`` counts the attempts before it that timed out, ``holds`` how often this
    one was held; ``keys`` are those of its guards, by kind. ``refresh``: the last attempt was denied (EH-5).
    """

    path: str
    attempt: int
    node: Node
    handler: str
    input: Any
    config: Any
    generation: int = 0
    cache: CachedAs | None = None
    timeouts: int = 0
    holds: int = 0
    keys: Mapping[str, str] = field(default_factory=dict)
    refresh: bool = False

    @property
    def is_plain(self) -> bool:
        """Nobody is to be asked before it runs, its result is not kept for others, and it may run again."""
        return self.cache is None and not self.node.asks and self.node.execution != "at_most_once"


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt that somebody waited for has failed: for the statistics, and for an alert (EH-7, EH-13). ``number`` is that
    of the next record, unique among these.
    """

    number: int
    path: str
    step: str
    attempt: int
    error: ErrorInfo
    at: int
    generation: int


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


@dataclass(frozen=True, slots=True)
class Emit:
    """Publish an event; ``id`` is the same whenever this step of this instance publishes it."""

    id: str
    name: str
    key: str
    data: Any
    at: int


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start an instance under this id. ``fragment`` is the step of the own definition that it runs for some items; then
    ``workflow`` and ``version`` are those of this instance.
    """

    id: str
    path: str
    workflow: str
    version: str | None
    input: Any
    fragment: str | None = None


@dataclass(frozen=True, slots=True)
class RetryChild:
    """Take up a failed child again; one that has ended otherwise meanwhile is to report anew."""

    id: str


@dataclass(frozen=True, slots=True)
class CancelChild:
    """Nobody waits for this child any more."""

    id: str


@dataclass(frozen=True, slots=True)
class Spill:
    """Remember outside of the state that these events were consumed (event id → number of the record)."""

    events: dict[str, int]


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The sender of an event did not know all that was consumed: look for events for this wait (its id) once more."""

    wait: str


@dataclass(frozen=True, slots=True)
class ItemChanged:
    """What a user activity asks for is asked of somebody else now."""

    wait: str
    assignee: str


Effect = (
    RunStep
    | AttemptFailed
    | CancelStep
    | Load
    | Store
    | LogLine
    | StatusChanged
    | Emit
    | StartChild
    | RetryChild
    | CancelChild
    | Spill
    | LookAgain
    | ItemChanged
)
