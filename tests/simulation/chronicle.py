"""What is known of one instance beside its document: what became durable when, which bodies ran, what was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reactory.definition.program import Block, Node, Program, TaskConfig, child_blocks
from reactory.kernel import paths


@dataclass(frozen=True, slots=True)
class BodyStart:
    """A step's body began. ``event`` numbers the events of the run; ``zombie``: its process was frozen between asking
    for its lease and this, which no engine can prevent.
    """

    event: int
    path: str
    attempt: int
    generation: int
    key: str
    process: str
    zombie: bool


@dataclass(slots=True)
class Chronicle:
    """``facts`` are the durable facts (JSON texts) in the order in which the database took them, from journals only.
    ``recorded`` says at which event the success of (path, attempt, generation) became durable. ``owners`` are those who wrote, by
    epoch. ``overlooked`` tells per process whether its last write left something in the inbox. ``hasty`` are the ids of
    the requests that were obeyed before what the one before them had left to do. ``holder`` is the process that claimed
    it last, ``family`` is the instance that its blobs belong to, ``reported`` are the ends of children that it was told of. ``surgery`` counts its rewinds and migrations, ``tellers`` are those that owe a piece of news, by its id, ``alerts`` the ids of the alerts that were published.
    """

    instance_id: str
    program: Program
    order: Order
    facts: list[str] = field(default_factory=list)
    recorded: dict[tuple[str, int, int | None], int] = field(default_factory=dict)
    succeeded: set[str] = field(default_factory=set)
    starts: list[BodyStart] = field(default_factory=list)
    owners: dict[int, str] = field(default_factory=dict)
    overlooked: dict[str, bool] = field(default_factory=dict)
    hasty: set[str] = field(default_factory=set)
    chunks: dict[tuple[str, int], int] = field(default_factory=dict)
    holder: str = ""
    tellers: dict[str, str] = field(default_factory=dict)
    status: str = "PENDING"
    retries_asked: int = 0
    controls: int = 0
    published: list[dict[str, Any]] = field(default_factory=list)
    alerts: set[str] = field(default_factory=set)
    surgery: int = 0
    family: str = ""
    reported: set[str] = field(default_factory=set)

    def generation(self, path: str, generation: int) -> int | None:
        """That of an execution; None for a step whose result may be that of another one, from the cache."""
        return None if paths.step_id(path) in self.order.cached else generation

    def is_busy(self) -> bool:
        """Whether a body was begun of which no success was recorded."""
        last = self.starts[-1] if self.starts else None
        return last is not None and (last.path, last.attempt, last.generation) not in self.recorded


class Order:
    """Which tasks have to be through before a step of a program may begin."""

    def __init__(self, program: Program) -> None:
        self._before: dict[str, tuple[str, ...]] = {}
        self.cached = {name for name, node in program.nodes.items() if node.cache is not None}
        self.once = {name for name, node in program.nodes.items() if node.execution == "at_most_once"}
        self._read(program.root)

    def _read(self, block: Block) -> None:
        for index, node in enumerate(block.nodes):
            before = (block.nodes[number] for number in block.predecessors[index])
            self._before[node.id] = tuple(one.id for one in before if _has_to_succeed(one))
            for _, inner in child_blocks(node):
                self._read(inner)
            if node.compensate_with is not None:
                self._read(node.compensate_with)

    def before(self, path: str) -> list[str]:
        """The paths of the tasks whose success has to be durable before this path's body starts."""
        step = paths.step_id(path)
        begin = path[: len(path) - len(step)]
        return [begin + other for other in self._before.get(step, ())]


def _has_to_succeed(node: Node) -> bool:
    return (
        isinstance(node.config, TaskConfig)
        and node.enabled
        and node.condition is None
        and not node.continue_on_error
        and node.error_policy != "compensate"
    )
