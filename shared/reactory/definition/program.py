"""The compiled form of a definition: a tree of blocks (step lists or graphs) and nodes, frozen and free of I/O.

A ``Block`` is a list of steps with its order; a ``Node`` is one step; a container node holds further blocks in its
``config``. The kernel walks this tree, the validator builds it. Expressions and templates are compiled once, here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reactory.definition.expression import Expression
from reactory.definition.guards import Guards
from reactory.definition.policy import ErrorPolicy, Execution, NamedPolicy, RetryPolicy, TimeoutPolicy
from reactory.definition.template import Template

ValueType = Literal["string", "number", "integer", "boolean", "object", "array"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One declared input. ``validation`` holds pattern, minLength, maxLength, minimum, maximum, enum as declared."""

    name: str
    type: ValueType
    required: bool = False
    has_default: bool = False
    default: Any = None
    validation: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class OutputSpec:
    name: str
    type: ValueType
    source: Expression
    description: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A step list or graph. Indexes are positions in ``nodes``.

    ``predecessors[i]`` are the steps that node i waits for, ``successors[i]`` those that wait for it. A plain list is
    the chain ``((), (0,), (1,), …)``. Acyclic by validation.
    """

    nodes: tuple[Node, ...]
    predecessors: tuple[tuple[int, ...], ...]
    successors: tuple[tuple[int, ...], ...]
    entries: tuple[int, ...] = field(init=False)
    early_join: bool = field(init=False)
    """Whether a join in it may go on before all that it waits for is through."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(i for i, before in enumerate(self.predecessors) if not before))
        early = any(isinstance(n.config, JoinConfig) and n.config.rule.strategy != "all" for n in self.nodes)
        object.__setattr__(self, "early_join", early)


# --- what each step type holds, compiled -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartConfig:
    pass


@dataclass(frozen=True, slots=True)
class EndConfig:
    """Finishes the whole instance as COMPLETED, wherever it stands."""


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """A registered Python step; its arguments are the node's ``inputs``."""

    handler: str
    config: Template


@dataclass(frozen=True, slots=True)
class CustomConfig:
    """``handler`` is the registered step of this name, or None: then the step echoes ``config``."""

    handler: str | None
    config: Template


@dataclass(frozen=True, slots=True)
class LogConfig:
    message: Template
    level: Literal["debug", "info", "warn", "error"]
    data: Template


@dataclass(frozen=True, slots=True)
class SetVariableConfig:
    """``source`` literal takes ``value``; the others take ``source_path``, an expression compiled in their scope."""

    action: Literal["set", "get", "delete"]
    key: Template
    value: Template
    source: Literal["literal", "step_output", "input", "env"]
    source_path: Expression | None


@dataclass(frozen=True, slots=True)
class ConditionConfig:
    condition: Expression
    then: Block | None
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class SwitchCase:
    when: Template
    body: Block


@dataclass(frozen=True, slots=True)
class SwitchConfig:
    value: Expression
    cases: tuple[SwitchCase, ...]
    default: Block | None


@dataclass(frozen=True, slots=True)
class JoinRule:
    """``count`` is only used by n_of; ``timeout`` is milliseconds."""

    strategy: Literal["all", "any", "n_of"] = "all"
    count: int | None = None
    timeout: int | None = None

    def needed(self, total: int) -> int:
        match self.strategy:
            case "all":
                return total
            case "any":
                return min(1, total)
            case "n_of":
                return min(self.count or total, total)


@dataclass(frozen=True, slots=True)
class Branch:
    name: str
    body: Block


@dataclass(frozen=True, slots=True)
class ParallelConfig:
    branches: tuple[Branch, ...]
    max_concurrency: int | None
    fail_fast: bool
    join: JoinRule


@dataclass(frozen=True, slots=True)
class JoinConfig:
    rule: JoinRule


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a for_each spreads over child instances: items per child, children at once, and the percentage of items that
    may fail.
    """

    batch_size: int = 100
    max_concurrency: int | None = None
    tolerated_failure_percentage: float = 0.0


@dataclass(frozen=True, slots=True)
class ForEachConfig:
    """``max_concurrency`` 1 is sequential, None is all."""

    items: Expression
    item_variable: str
    index_variable: str
    max_concurrency: int | None
    body: Block
    distributed: Distribution | None = None


@dataclass(frozen=True, slots=True)
class WhileConfig:
    condition: Expression
    max_iterations: int
    body: Block


@dataclass(frozen=True, slots=True)
class DelayConfig:
    """Exactly one of ``duration`` (ms), ``duration_text`` ("2h") and ``until`` (RFC 3339 time) is given."""

    duration: Template | None
    duration_text: Template | None
    until: Template | None
    reason: Template | None


@dataclass(frozen=True, slots=True)
class Duration:
    """Exactly one of ``amount`` (a number of milliseconds) and ``text`` ("5s", "2h") is given."""

    amount: Template | None
    text: Template | None


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """The body runs ``after`` a while; the steps that follow do not wait for it, the instance's end does."""

    after: Duration
    body: Block


@dataclass(frozen=True, slots=True)
class RecurConfig:
    """The body runs once per ``interval`` until ``until`` holds, which is looked at before each round."""

    interval: Duration
    until: Expression
    body: Block


@dataclass(frozen=True, slots=True)
class SagaConfig:
    """``undo`` is the saga's own compensation, run after those of its steps. ``policy`` is what a failure in it does unless
    the step says else: the saga's own errorPolicy, or ``compensate``.
    """

    body: Block
    undo: Block | None
    policy: ErrorPolicy = "compensate"


@dataclass(frozen=True, slots=True)
class WaitEventConfig:
    """Without ``key`` an event of any key will do. ``since`` is the effective date, None = the instance's creation.
    ``timeout`` is milliseconds; ``output_variable`` gets the payload.
    """

    name: Template
    key: Expression | None
    since: Template | None
    timeout: int | None
    on_timeout: Literal["fail", "continue"]
    output_variable: str | None


@dataclass(frozen=True, slots=True)
class EmitEventConfig:
    name: Template
    key: Expression | None
    data: Template


@dataclass(frozen=True, slots=True)
class ActivityConfig:
    """Taken and answered by an external worker. ``heartbeat`` is how long one may be silent before another takes it."""

    name: Template
    parameters: Template
    timeout: int | None
    heartbeat: int | None


@dataclass(frozen=True, slots=True)
class Escalation:
    after: int
    assignee: Template


@dataclass(frozen=True, slots=True)
class UserActivityConfig:
    """``form`` is a JSON Schema that the answer's data must fit; ``options`` are the actions to choose from."""

    activity_type: Literal["approval", "input", "review", "acknowledgement"]
    assignee: Template
    options: Template
    message: Template
    form: Mapping[str, Any] | None
    timeout: int | None
    escalation: Escalation | None


@dataclass(frozen=True, slots=True)
class InvokeConfig:
    """``workflow`` is ``ns.Name`` or ``ns.Name@version``. ``retried``: the step itself declares a retry policy, so a
    failed child is followed by another one.
    """

    workflow: Template
    version: Template | None
    input: Template
    wait: bool
    timeout: int | None
    retried: bool = False


@dataclass(frozen=True, slots=True)
class BuiltinConfig:
    """A step of the engine's own that runs like a task: ``handler`` is ``reactory.<type>``. The body gets ``config``,
    rendered, as its configuration. ``verbatim`` keys of it were not rendered: expressions that the body evaluates.
    """

    handler: str
    config: Template
    verbatim: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CacheRule:
    """The result of a step is reused for ``ttl`` milliseconds by every step of the same handler with the same key."""

    key: Template
    ttl: int


NodeConfig = (
    StartConfig
    | EndConfig
    | TaskConfig
    | CustomConfig
    | LogConfig
    | SetVariableConfig
    | ConditionConfig
    | SwitchConfig
    | ParallelConfig
    | JoinConfig
    | ForEachConfig
    | WhileConfig
    | DelayConfig
    | ScheduleConfig
    | RecurConfig
    | SagaConfig
    | WaitEventConfig
    | EmitEventConfig
    | ActivityConfig
    | UserActivityConfig
    | InvokeConfig
    | BuiltinConfig
)


@dataclass(frozen=True, slots=True)
class Node:
    """One step, compiled. ``timeout`` is milliseconds per attempt.

    ``retry`` is the step's own (``own_retry``), else the workflow's; ``error_policy`` the step's own, else the enclosing container's,
    else the workflow's; None means that nobody declared one.
    """

    id: str
    type: str
    config: NodeConfig
    name: str = ""
    enabled: bool = True
    condition: Expression | None = None
    inputs: Template | None = None
    outputs: tuple[tuple[str, Expression], ...] = ()
    retry: RetryPolicy | NamedPolicy | None = None
    timeout: int | None = None
    error_policy: ErrorPolicy | None = None
    continue_on_error: bool = False
    execution: Execution = "at_least_once"
    compensate_with: Block | None = None
    cache: CacheRule | None = None
    own_retry: bool = False
    timeout_policy: TimeoutPolicy | None = None
    guards: Guards | None = None
    asks: bool = field(init=False)
    """Whether somebody has to be asked before an attempt: its guards, or how long it usually takes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "asks", self.guards is not None or self.is_adaptive)

    @property
    def is_adaptive(self) -> bool:
        """Whether its time-out follows its latest durations (EH-12)."""
        return self.timeout_policy is not None and self.timeout_policy.strategy == "adaptive"


@dataclass(frozen=True, slots=True)
class Program:
    """One version of a workflow, ready to run.

    ``id`` is ``nameSpace.Name``; ``fingerprint`` is the hex SHA-256 of the document's canonical JSON; ``handlers`` are
    the names of all Python steps that it may call, ``policies`` those of the configuration's retry policies that it uses; ``timeout`` is milliseconds for the whole instance.
    """

    name_space: str
    name: str
    version: str
    fingerprint: str
    root: Block
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    timeout: int | None = None
    priority: int = 2
    handlers: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    nodes: Mapping[str, Node] = field(init=False)
    """Every node by its step id, nested ones included."""
    parts: dict[str, Program] = field(init=False, default_factory=dict, compare=False, repr=False)
    """The fragments that were asked for, by step."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", {node.id: node for node in all_nodes(self.root)})

    def fragment(self, step: str) -> Program:
        """The part of it that a child instance runs for one batch of a distributed loop: that loop's step alone."""
        part = self.parts.get(step)
        if part is None:
            node = replace(self.nodes[step], condition=None, enabled=True, timeout=None, error_policy=None, outputs=())
            part = self.parts[step] = replace(self, root=Block((node,), ((),), ((),)), timeout=None)
        return part

    @property
    def id(self) -> str:
        return f"{self.name_space}.{self.name}"

    @property
    def reference(self) -> str:
        """``nameSpace.Name@version``."""
        return f"{self.id}@{self.version}"


def child_blocks(node: Node) -> Iterator[tuple[str, Block]]:
    """The blocks inside a container node, each with the key that names it within the container."""
    match node.config:
        case ConditionConfig(then=then, otherwise=otherwise):
            if then is not None:
                yield "then", then
            if otherwise is not None:
                yield "else", otherwise
        case SwitchConfig(cases=cases, default=default):
            for number, case in enumerate(cases):
                yield f"case{number}", case.body
            if default is not None:
                yield "default", default
        case ParallelConfig(branches=branches):
            for number, branch in enumerate(branches):
                yield str(number), branch.body
        case ForEachConfig(body=body) | WhileConfig(body=body) | RecurConfig(body=body):
            yield "body", body
        case ScheduleConfig(body=body):
            yield "steps", body
        case SagaConfig(body=body, undo=undo):
            yield "steps", body
            if undo is not None:
                yield "compensate", undo
        case _:
            return


def all_nodes(block: Block) -> Iterator[Node]:
    """Every node of a block, nested ones included, in the order of the document."""
    for node in block.nodes:
        yield node
        for _, inner in child_blocks(node):
            yield from all_nodes(inner)
        if node.compensate_with is not None:
            yield from all_nodes(node.compensate_with)
