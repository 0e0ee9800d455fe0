"""The kernel's state of one instance: live nodes, blocks, variables, the outputs still in scope. Plain and JSON-able.

Everything that is finished and can no longer be referred to is dropped, so the state of a loop of 100,000 iterations is
as small as that of ten (WH-21).

Keys. A *path* names an execution of a node: ``charge``, ``lines[3]/reserve``. A *block key* names an execution of a step
list: ``""`` is the root, ``fraud:then`` a branch of ``fraud``, ``lines[3]`` an item or iteration of ``lines``.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from reactory.kernel.facts import ErrorInfo, Guard

TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
"""Statuses in which nothing runs; FAILED can be left again by an explicit retry."""

TRANSITIONS: dict[str, frozenset[str]] = {
    "PENDING": frozenset({"RUNNING", "CANCELLED", "FAILED"}),
    "RUNNING": frozenset({"PAUSED", "COMPLETED", "FAILED", "CANCELLED"}),
    "PAUSED": frozenset({"RUNNING", "CANCELLED", "FAILED"}),
    "COMPLETED": frozenset({"CLEANING_UP"}),
    "CANCELLED": frozenset({"CLEANING_UP"}),
    "FAILED": frozenset({"CLEANING_UP", "PENDING"}),
    "CLEANING_UP": frozenset(),
}
"""LC-1: the moves that are allowed."""


class Wait(msgspec.Struct, omit_defaults=True):
    """What a WAITING node waits for. ``id`` is unique in the world; that of a child is the child's own. ``key`` None = an
    event of any key; ``since`` the earliest time of an event that counts; ``opened`` the number of the next record then,
    ``at`` the time.
    """

    id: str
    kind: Literal["event", "user", "activity", "child"]
    name: str = ""
    key: str | None = None
    since: int = 0
    opened: int = 0
    at: int = 0
    assignee: str | None = None


class Done(msgspec.Struct, omit_defaults=True):
    """A step that a saga has to undo if it fails: where it stood, when it finished (``order``, a record's number), and what
    its compensation may refer to: the outputs and loop variables that are gone by then.
    """

    step: str
    path: str
    order: int
    outs: dict[str, Any] = {}
    stat: dict[str, str] = {}
    names: dict[str, Any] = {}


class LogPage(msgspec.Struct, omit_defaults=True):
    """The oldest entries of a saga's log, out of line: ``ref`` is a list of ``Done`` in their order, the last of which
    finished at ``last``. ``without`` are steps that a rewind has taken back since: they are not undone.
    """

    ref: dict[str, Any]
    last: int
    without: list[str] = []


class Hold(msgspec.Struct):
    """The guard that lets a SLEEPING node wait, and the key that it knows it by."""

    by: Guard
    key: str


class NodeState(msgspec.Struct, omit_defaults=True):
    """One live execution of a node.

    ``phase`` tells what the kernel has still to do about it: ``start`` (decide and begin), ``next`` (a loop's next
    round), ``end`` (map the outputs and conclude); empty = it waits for a fact. ``attempt`` counts attempts, ``base``
    those before the last operator retry. ``due`` and ``deadline`` are times in ms. The rest belongs to containers:
    ``cursor`` the next item or round, ``open``/``failed`` child blocks, ``results`` values not yet in a full page.
    ``ended``: the body succeeded and only the mapping of its outputs is left, so it is never run again.

    ``generation`` tells this execution from earlier ones of the same path, which a rewind or a saga that began anew has
    undone. ``wait`` is what a WAITING node waits for; ``child`` a failed child that a retry takes up; ``children`` the
    instances that run a distributed loop's batches, by number; ``heard`` the latest end of a failed child that was
    heard of. ``released``: the successors have gone on already.
    ``begun`` is the number of the record that came next when it began; ``log``, ``undoing`` and ``round`` belong to
    sagas: what has to be undone, what is being undone, how often it has begun anew.

    ``timeouts`` counts attempts that timed out, ``refreshed`` tells that one more was made with fresh credentials, both
    since the last operator retry. ``hold`` is the guard that the next attempt waits for, ``holds`` how often it was held,
    ``keys`` the keys of its guards. ``given`` is input that an operator has corrected.
    """

    block: str
    index: int
    status: str = "PENDING"
    phase: str = ""
    attempt: int = 0
    base: int = 0
    started: int = 0
    due: int | None = None
    deadline: int | None = None
    interruptions: int = 0
    input: Any = None
    config: Any = None
    output: Any = None
    ended: bool = False
    error: ErrorInfo | None = None
    items: Any = None
    total: int = 0
    cursor: int = 0
    open: int = 0
    failed: int = 0
    pages: int = 0
    results: dict[str, Any] = {}
    choice: str = ""
    generation: int = 0
    wait: Wait | None = None
    child: str = ""
    children: dict[str, str] = {}
    offset: int = 0
    released: bool = False
    begun: int = 0
    log: list[Done] = []
    older: list[LogPage] = []
    undoing: Done | None = None
    round: int = 0
    cache_key: str = ""
    heard: dict[str, int] = {}
    timeouts: int = 0
    refreshed: bool = False
    hold: Hold | None = None
    holds: int = 0
    keys: dict[str, str] = {}
    given: Any = None

    def awaits_child(self, child: str, number: int) -> bool:
        """Whether this node waits for that instance, and did not hear of this end of it before."""
        waits = (self.wait is not None and self.wait.id == child) or child in self.children.values()
        return waits and self.heard.get(child, -1) < number

    @property
    def has_body_running(self) -> bool:
        """A leaf whose attempt was begun and whose result is still to come."""
        return self.status == "RUNNING" and self.attempt > 0 and not self.phase


class BlockState(msgspec.Struct, omit_defaults=True):
    """One running step list: ``left`` unfinished nodes, ``open`` of them entered and able to go on, ``failed`` of them
    failed for good; ``need`` counts what entered nodes' successors still wait for; ``gone`` are nodes that finished or
    were dropped (kept only where an early join may have to find its losers). ``joins``: until when a waiting join with a
    timeout waits, in ms.
    """

    left: int
    open: int = 0
    failed: int = 0
    need: dict[str, int] = {}
    gone: list[int] = []
    joins: dict[str, int] = {}

    @property
    def has_failed(self) -> bool:
        """Nothing in it can go on: its container counts it as failed."""
        return self.open == 0 and self.failed > 0


class Frame(msgspec.Struct, omit_defaults=True):
    """The outputs and statuses of finished steps, by step id: one for the root, one per live for_each item."""

    outs: dict[str, Any] = {}
    stat: dict[str, str] = {}


class State(msgspec.Struct, omit_defaults=True):
    """``seq`` numbers the records, ``moves`` the changes of status, ``opened`` the waits. ``backlog`` holds facts (JSON texts)
    that could not be applied because the definition was missing; they come before the journal. ``paused`` is since when
    it is paused. ``generation`` counts what was undone to be run anew. ``consumed`` are the events that waits have
    consumed, each with the number of its record; older ones were moved out of the state in ``spills`` portions.
    """

    status: str = "PENDING"
    seq: int = 0
    moves: int = 0
    backlog: list[str] = []
    now: int = 0
    started: int | None = None
    finished: int | None = None
    deadline: int | None = None
    paused: int | None = None
    reason: dict[str, Any] | None = None
    finishing: bool = False
    compensated: bool = False
    variables: dict[str, Any] = {}
    output: dict[str, Any] | None = None
    frames: dict[str, Frame] = {}
    blocks: dict[str, BlockState] = {}
    live: dict[str, NodeState] = {}
    opened: int = 0
    generation: int = 0
    consumed: dict[str, int] = {}
    spills: int = 0
