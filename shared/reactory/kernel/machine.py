"""One instance in motion: the program, its state, and the rules by which facts move it.

``apply`` takes one fact, ``drain`` carries out what follows from it. Both change the state in place and leave effects
and records in ``effects`` and ``records``: the machine consumes the state that it is given. It is a function of its
arguments all the same: the same state and the same facts give the same result, in any process, at any time.

Order is part of the result. What is to be done next stands in ``live`` in the order in which it became ready, so a
machine restored from a snapshot goes on exactly where this one stands. No fact is applied before ``drain`` is through.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from reactory.definition.expression import truthy
from reactory.definition.program import (
    Block,
    EndConfig,
    ForEachConfig,
    JoinConfig,
    Node,
    Program,
    SagaConfig,
    child_blocks,
)
from reactory.exceptions import ExpressionError
from reactory.kernel import controls, failures, nodes, paths, tree, undo, waits
from reactory.kernel.context import Context
from reactory.kernel.effects import CachedAs, Effect, Load, RunStep, StatusChanged
from reactory.kernel.facts import (
    Answered,
    Begin,
    ChildEnded,
    Control,
    ErrorInfo,
    EventArrived,
    Fact,
    Failed,
    Held,
    Interrupted,
    Succeeded,
    Tick,
)
from reactory.kernel.records import Record
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import BlockState, Frame, Hold, NodeState, State
from reactory.kernel.timers import fire
from reactory.kernel.values import MissingValueSignal

OPEN = frozenset({"RUNNING", "PAUSED"})
"""Statuses in which something can still happen by itself."""

KNOWN_PATHS = 512
"""Paths of which the node is remembered."""

DRAIN_BUDGET = 500
"""Nodes decided per call of ``drain``: then the host may renew its lease or hand on, and calls again."""


class Machine:
    """See the module. ``queue`` holds the paths of the live nodes with a phase, in order; ``""`` finishes the instance."""

    __slots__ = ("_blocks", "_frame_keys", "_nodes", "context", "effects", "program", "queue", "records", "state")

    def __init__(self, program: Program, state: State, context: Context) -> None:
        self.program = program
        self.state = state
        self.context = context
        self.effects: list[Effect] = []
        self.records: list[Record] = []
        self.queue: deque[str] = deque(path for path, live in state.live.items() if live.phase)
        if state.finishing and state.status in OPEN:
            self.queue.appendleft("")
        self._blocks: dict[str, Block] = {"": program.root}
        self._frame_keys: dict[str, str] = {"": ""}
        self._nodes: dict[str, Node] = {}

    # --- facts ---------------------------------------------------------------------------------------------------

    def apply(self, fact: Fact) -> None:
        """Take in one fact. A fact that no longer concerns anybody (a late result) is recorded and changes nothing."""
        self.state.now = max(self.state.now, fact.at)
        match fact:
            case Succeeded():
                self._succeeded(fact)
            case Failed():
                self._failed(fact)
            case Held():
                self._held(fact)
            case Tick():
                self.record("tick")
                fire(self)
            case Begin():
                if self.state.status == "PENDING":  # else somebody cancelled it before it began
                    self.begin()
            case EventArrived():
                waits.event_arrived(self, fact)
            case Answered():
                waits.answered(self, fact)
            case ChildEnded():
                self._child_ended(fact)
            case Interrupted():
                cut_off = failures.running(self)
                attempt = max((live.attempt for live in cut_off.values()), default=0)
                self.record("interrupted", ", ".join([*cut_off][:10]), attempt=attempt)
                failures.interrupt_running(self)
            case Control():
                self.record("control", fact.step, action=fact.action, reason=fact.reason, by=fact.by, id=fact.id)
                controls.obey(self, fact)

    def begin(self) -> None:
        state = self.state
        state.started = state.now
        timeout = self.context.timeout or self.program.timeout
        state.deadline = state.now + timeout if timeout else None
        self.record("begin")
        self.set_status("RUNNING")
        if state.frames:  # a fork: it begins where another one stood
            return
        state.variables = dict(self.program.variables)
        state.frames[""] = Frame()
        self.open_block("", self.program.root)

    def awaited(self, path: str, attempt: int, generation: int = 0) -> NodeState | None:
        """The live node whose result this is, or None if nobody waits for it any more."""
        live = self.state.live.get(path)
        if live is None or live.attempt != attempt or live.generation != generation:
            return None
        return live if live.status == "RUNNING" and not live.phase else None  # has_body_running, in line: this is hot

    def _child_ended(self, fact: ChildEnded) -> None:
        """A child has ended: whoever waits for it goes on."""
        found = next(
            ((path, live) for path, live in self.state.live.items() if live.awaits_child(fact.child, fact.number)), None
        )
        status = "IGNORED" if found is None else fact.status
        path = "" if found is None else found[0]
        kind = "" if found is None else self.node(path).type
        self.record("child", path, kind, status, id=fact.child, output=fact.output, error=fact.error)
        if found is not None:
            nodes.child_ended(self, *found, fact)

    def _succeeded(self, fact: Succeeded) -> None:
        live = self.awaited(fact.path, fact.attempt, fact.generation)
        status = "COMPLETED" if live is not None else "IGNORED"
        node_type = "" if live is None else self.node(fact.path).type
        self.record("ok", fact.path, node_type, status, attempt=fact.attempt, started=fact.started, output=fact.output)
        if live is not None:
            live.output, live.ended = fact.output, True
            self.enqueue(fact.path, "end")

    def _failed(self, fact: Failed) -> None:
        live = self.awaited(fact.path, fact.attempt, fact.generation)
        status = "FAILED" if live is not None else "IGNORED"
        node_type = "" if live is None else self.node(fact.path).type
        self.record(
            "failed", fact.path, node_type, status, attempt=fact.attempt, started=fact.started, error=fact.error
        )
        if live is not None:
            failures.attempt_failed(self, fact.path, live, fact.error)

    def _held(self, fact: Held) -> None:
        """A guard lets the attempt wait: it was not begun, so none is counted and no pause grows (CB-2)."""
        live = self.awaited(fact.path, fact.attempt, fact.generation)
        status = "SLEEPING" if live is not None else "IGNORED"
        node_type = "" if live is None else self.node(fact.path).type
        self.record(
            "held", fact.path, node_type, status, attempt=fact.attempt, by=fact.by, key=fact.key, time=fact.until
        )
        if live is not None:
            live.status, live.due, live.hold = "SLEEPING", fact.until, Hold(fact.by, fact.key)
            live.holds += 1

    # --- carrying on ----------------------------------------------------------------------------------------------

    def drain(self, budget: int = DRAIN_BUDGET) -> bool:
        """Carry out what is ready. True when nothing is left to do now; False when the budget is spent or a value has
        to be loaded first (then the last effect is ``Load``): call again.
        """
        held: list[str] = []
        queue, state = self.queue, self.state
        try:
            while queue:
                if budget <= 0:
                    return False
                path = queue.popleft()
                if self._is_stale(path):
                    continue
                if self._is_held(path):
                    held.append(path)
                    continue
                budget -= 1
                try:
                    self._carry_out(path)
                except MissingValueSignal as signal:
                    queue.appendleft(path)
                    self.effects.append(Load(signal.ref))
                    return False
                if state.status not in OPEN:
                    queue.clear()
                    held.clear()
            return True
        finally:
            queue.extendleft(reversed(held))

    def _is_stale(self, path: str) -> bool:
        """A node that was dropped or frozen after it was put in line: a restored machine would not find it there."""
        if not path:
            return not self.state.finishing
        live = self.state.live.get(path)
        return live is None or not live.phase

    def _is_held(self, path: str) -> bool:
        """A paused instance concludes what has finished and begins nothing (WH-17)."""
        if self.state.status != "PAUSED":
            return False
        live = self.state.live.get(path)
        return live is None or live.phase != "end"

    def _carry_out(self, path: str) -> None:
        if not path:
            self.finish()
            return
        live = self.state.live[path]
        try:
            match live.phase:
                case "start":
                    self._start(path, live)
                case "next":
                    nodes.go_on(self, path, self.node(path), live)
                case "end":
                    self._end(path, live)
        except ExpressionError as error:
            live.phase = ""
            failures.node_failed(self, path, live, expression_failure(error))

    def _start(self, path: str, live: NodeState) -> None:
        node = self.node(path)
        if not live.started:
            live.started = self.state.now
        if node.compensate_with is not None or isinstance(node.config, SagaConfig):
            live.begun = live.begun or self.state.seq
        scope = KernelScope(self, live.block)
        if not node.enabled or (node.condition is not None and not truthy(node.condition.evaluate(scope))):
            self.complete(path, live, "SKIPPED", None)
            return
        nodes.start(self, path, node, live, scope)

    def _end(self, path: str, live: NodeState) -> None:
        """Conclude a node that has its output: map it to variables (WH-8), then let its successors go on."""
        node = self.node(path)
        if node.outputs:
            self._map_outputs(node, live)
        if isinstance(node.config, EndConfig):
            # wherever the instance stands: what still runs is cancelled, what was to follow never begins
            self.state.finishing = True
            self.queue.appendleft("")
        self.complete(path, live, "COMPLETED", live.output)

    def _map_outputs(self, node: Node, live: NodeState) -> None:
        frame = self.state.frames[self.frame_key(live.block)]
        before = frame.outs.get(node.id), frame.stat.get(node.id)
        frame.outs[node.id], frame.stat[node.id] = live.output, "COMPLETED"
        done = False
        try:
            scope = KernelScope(self, live.block)
            values = {variable: expression.evaluate(scope) for variable, expression in node.outputs}
            done = True
        finally:
            if not done:  # a value has to be loaded, or the mapping is wrong: the step is not finished yet
                tree.restore(frame, node.id, before)
        self.state.variables.update(values)

    # --- nodes ----------------------------------------------------------------------------------------------------

    def enqueue(self, path: str, phase: str) -> None:
        """Put a live node at the end of what is to be done: in the queue and in ``live``, so both keep one order."""
        live = self.state.live.pop(path)
        live.phase = phase
        self.state.live[path] = live
        self.queue.append(path)

    def run_step(self, path: str, live: NodeState) -> None:
        """Ask for the next attempt of a leaf whose input and config stand in its state."""
        live.status, live.phase = "RUNNING", ""
        node = self.node(path)
        handler = getattr(node.config, "handler", "")
        cache = None if node.cache is None else CachedAs(live.cache_key, node.cache.ttl)
        self.effects.append(
            RunStep(
                path,
                live.attempt,
                node,
                handler,
                live.input,
                live.config,
                live.generation,
                cache,
                live.timeouts,
                live.holds,
                live.keys,
                live.error is not None and live.error.category == "permission",
            )
        )

    def conclude(self, path: str, live: NodeState, output: Any) -> None:
        """A node that the kernel decided by itself has its output."""
        live.output, live.ended, live.phase = output, True, "end"
        self._end(path, live)

    def complete(self, path: str, live: NodeState, status: str, output: Any) -> None:
        """A node is through (COMPLETED, SKIPPED, COMPENSATED, or FAILED with continueOnError): successors and block go on."""
        node = self.node(path)
        if status in ("COMPLETED", "FAILED"):  # what is compensated is undone already
            undo.note(self, path, node, live, output)
        if status != "COMPLETED" or not live.attempt:  # a leaf's success stands in the history as its fact
            self.record("step", path, node.type, status, started=live.started, output=output, error=live.error)
        frame = self.state.frames[self.frame_key(live.block)]
        frame.outs[node.id], frame.stat[node.id] = output, status
        if status == "SKIPPED":
            del frame.outs[node.id]
        del self.state.live[path]
        progress = self.state.blocks[live.block]
        progress.left -= 1
        progress.open -= 1
        if not live.released:
            self.release(live)
        self.check_block(live.block, progress)

    def release(self, live: NodeState) -> None:
        """The successors of a node go on, whether or not the node itself is through."""
        block, progress = self.block(live.block), self.state.blocks[live.block]
        live.released = True
        tree.mark_gone(block, progress, live.index)
        for successor in block.successors[live.index]:
            self._one_less(live.block, block, progress, successor)

    def _one_less(self, key: str, block: Block, progress: BlockState, index: int) -> None:
        """One of the steps that node ``index`` waits for is through. After a rewind more may be through than an early join
        needs: what lost against others counts too.
        """
        if index in progress.gone:
            return
        before = block.predecessors[index]
        config = block.nodes[index].config
        if len(before) == 1:
            self.enter(key, index)
            return
        wanted = config.rule.needed(len(before)) if isinstance(config, JoinConfig) else len(before)
        left = progress.need.get(str(index), wanted) - 1
        progress.need[str(index)] = left
        if left <= 0 and paths.prefix(key) + block.nodes[index].id not in self.state.live:
            if wanted < len(before):
                tree.drop_losers(self, key, block, progress, index)
            self.enter(key, index)

    def enter(self, key: str, index: int) -> None:
        """A node's turn has come."""
        block = self.block(key)
        path = paths.prefix(key) + block.nodes[index].id
        progress = self.state.blocks[key]
        self.state.live[path] = NodeState(block=key, index=index, phase="start", generation=self.state.generation)
        progress.open += 1
        self.queue.append(path)
        progress.joins.pop(str(index), None)
        self.watch_joins(key, index)

    def watch_joins(self, key: str, index: int) -> None:
        """The time of a join with a timeout begins with the first of the steps that it waits for, or with their retry."""
        block, progress = self.block(key), self.state.blocks[key]
        for successor in block.successors[index]:
            node = block.nodes[successor]
            if isinstance(node.config, JoinConfig) and node.config.rule.timeout is not None:
                over = progress.need.get(str(successor), 1) <= 0 or successor in progress.gone
                if not over and paths.prefix(key) + node.id not in self.state.live:
                    progress.joins.setdefault(str(successor), self.state.now + node.config.rule.timeout)

    # --- blocks ---------------------------------------------------------------------------------------------------

    def open_block(self, key: str, block: Block) -> None:
        """Begin a step list. An empty one is through at once."""
        self._blocks[key] = block
        progress = BlockState(left=len(block.nodes))
        self.state.blocks[key] = progress
        for index in block.entries:
            self.enter(key, index)
        if not block.nodes:
            self.check_block(key, progress)

    def check_block(self, key: str, progress: BlockState) -> None:
        """See whether a block is through, or stuck on what failed in it, and tell its container."""
        if self.state.finishing:
            return
        if progress.left == 0:
            if key:
                nodes.child_done(self, paths.container(key), key)
            else:
                self.state.finishing = True
                self.queue.append("")
        elif progress.open == 0:
            failures.block_stuck(self, key)

    def close_block(self, key: str) -> None:
        """Forget a block that is through or dropped."""
        self.state.blocks.pop(key, None)
        self._blocks.pop(key, None)
        self._frame_keys.pop(key, None)
        self.state.frames.pop(key, None)

    def finish(self) -> None:
        """All steps are through: evaluate the outputs (YF-9) and end."""
        scope = KernelScope(self, "")
        try:
            output = self._outputs(scope)
        except ExpressionError as error:
            tree.freeze(self, [""])
            self.fail_instance("output_failed", f"an output cannot be evaluated: {error.message}", None)
            return
        self.state.output = output
        self.end_instance("COMPLETED", None)

    def _outputs(self, scope: KernelScope) -> dict[str, Any]:
        if self.context.fragment is not None:
            return nodes.part_output(self)
        return {spec.name: spec.source.evaluate(scope) for spec in self.program.outputs}

    # --- the instance ---------------------------------------------------------------------------------------------

    def set_status(self, status: str, reason: dict[str, Any] | None = None) -> None:
        previous, self.state.status = self.state.status, status
        self.state.reason = reason
        self.state.moves += 1
        self.effects.append(StatusChanged(self.state.moves, previous, status, reason, self.state.now))

    def fail_instance(self, code: str, message: str, step: str | None) -> None:
        """FAILED, with everything kept that an operator's retry needs (LC-14)."""
        self.state.finished = self.state.now
        self.set_status("FAILED", {"code": code, "message": message, "stepId": step})

    def end_instance(self, status: str, reason: dict[str, Any] | None) -> None:
        """COMPLETED or CANCELLED: nothing will go on from here, so nothing is kept."""
        state = self.state
        tree.cancel_running(self)
        state.finishing = False
        state.finished = state.now
        state.live.clear()
        state.blocks.clear()
        self.queue.clear()
        self.set_status(status, reason)

    # --- looking up -----------------------------------------------------------------------------------------------

    def node(self, path: str) -> Node:
        """The definition's node behind a path of a live or just opened execution."""
        found = self._nodes.get(path)
        if found is None:
            if len(self._nodes) >= KNOWN_PATHS:
                self._nodes.clear()
            found = self._nodes[path] = self.program.nodes[paths.step_id(path)]
        return found

    def block(self, key: str) -> Block:
        """The definition's block behind a block key."""
        found = self._blocks.get(key)
        if found is None:
            path = paths.container(key)
            wanted = paths.selector(key)
            if paths.is_undo(key):
                found = undo.block_of(self, self.state.live[path])
            else:
                found = next(b for name, b in child_blocks(self.node(path)) if name in (wanted, "body"))
            self._blocks[key] = found
        return found

    def frame_key(self, key: str) -> str:
        """The frame that a block writes to: its own for an item of a for_each, else that of its surroundings."""
        found = self._frame_keys.get(key)
        if found is None:
            own = key in self.state.frames
            found = key if own else self.frame_key(self.state.live[paths.container(key)].block)
            self._frame_keys[key] = found
        return found

    def frames_of(self, key: str) -> list[Frame]:
        """The frames visible from a block, the innermost first."""
        frames = []
        while True:
            key = self.frame_key(key)
            frames.append(self.state.frames[key])
            if not key:
                return frames
            key = self.state.live[paths.container(key)].block

    def use(self, program: Program) -> None:
        """Another version of the definition from now on."""
        self.program = program
        self._blocks, self._nodes = {"": program.root}, {}

    def given_input(self) -> Any:
        """The input as the document means it; a part of a distributed loop sees that of the whole."""
        given = self.context.deref(self.context.input)
        if self.context.fragment is None:
            return given
        return self.context.deref(self.context.deref(given["scope"])["input"])

    def item_names(self, holder: str, key: str, config: ForEachConfig) -> dict[str, Any]:
        """The names that a loop gives to the item and the index of one of its blocks."""
        live, index = self.state.live[holder], int(paths.selector(key))
        item = self.context.deref(live.items)[index]
        return {config.item_variable: item, config.index_variable: live.offset + index}

    def loop_names(self, key: str) -> dict[str, Any]:
        """All such names that are visible from a block, the innermost winning."""
        names: dict[str, Any] = {}
        while key:
            holder = paths.container(key)
            live, config = self.state.live[holder], self.node(holder).config
            if live.undoing is not None and paths.is_undo(key):
                names = live.undoing.names | names
            elif isinstance(config, ForEachConfig):
                names = self.item_names(holder, key, config) | names
            key = live.block
        if self.context.fragment is not None:
            scope = self.context.deref(self.context.deref(self.context.input)["scope"])
            names = scope["names"] | names
        return names

    def workflow_info(self) -> dict[str, Any]:
        """``workflow`` as expressions see it."""
        started = rfc3339(self.state.started or 0)
        return {
            "id": self.program.id,
            "name": self.program.name,
            "nameSpace": self.program.name_space,
            "version": self.program.version,
            "instanceId": self.context.instance_id,
            "tenant": self.context.tenant,
            "startedAt": started,
            "startTime": started,  # its name in the original's documents
        }

    def record(self, event: str, path: str = "", kind: str = "", status: str = "", **more: Any) -> None:
        state = self.state
        self.records.append(Record(state.seq, state.now, event, path, kind, status, **more))
        state.seq += 1


def expression_failure(error: ExpressionError) -> ErrorInfo:
    """An expression that fails will fail again: not retried."""
    return ErrorInfo("ExpressionError", error.message, error.code, "validation", retryable=False)


def rfc3339(ms: int) -> str:
    """Milliseconds since the epoch as RFC 3339 in UTC, with milliseconds."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
