"""Walking what is live below a node or block: dropping it for good, or freezing it so that a retry can thaw it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reactory.definition.program import (
    Block,
    ForEachConfig,
    JoinConfig,
    Node,
    ParallelConfig,
    RecurConfig,
    SagaConfig,
    WhileConfig,
    child_blocks,
)
from reactory.kernel import nodes, paths, undo, waits
from reactory.kernel.effects import CancelChild, CancelStep
from reactory.kernel.state import BlockState, Frame, NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


TIMED_OUT = "timed out"
"""The choice of a join that waited for too long."""


def mark_gone(block: Block, progress: BlockState, index: int) -> None:
    """Remember a finished node, only where an early join may ask for it."""
    if block.early_join:
        progress.gone.append(index)


def restore(frame: Frame, step: str, before: tuple[Any, str | None]) -> None:
    """Put a step's entry in a frame back to what it was."""
    output, status = before
    if status is None:
        frame.outs.pop(step, None)
        frame.stat.pop(step, None)
    else:
        frame.outs[step], frame.stat[step] = output, status


def child_keys(machine: Machine, path: str) -> Iterator[str]:
    """The keys of the running blocks inside a container."""
    node, live = machine.node(path), machine.state.live.get(path)
    if live is not None and live.undoing is not None:
        key = f"{path}[{paths.UNDO}{live.cursor - 1}]"
        yield from [key] if key in machine.state.blocks else []
        if not isinstance(node.config, SagaConfig):
            return
    if isinstance(node.config, ForEachConfig | WhileConfig | RecurConfig):
        opening = path + "["
        # an iteration's own key ends at its first bracket; deeper keys belong to containers inside of it
        yield from [
            key
            for key in machine.state.blocks
            if key.startswith(opening) and key.find("]", len(opening)) == len(key) - 1
        ]
    else:
        yield from [f"{path}:{name}" for name, _ in child_blocks(node) if f"{path}:{name}" in machine.state.blocks]


def below(machine: Machine, key: str) -> Iterator[str]:
    """The paths of all live nodes of a block, the deepest first."""
    block = machine.block(key)
    begin = paths.prefix(key)
    for node in block.nodes:
        path = begin + node.id
        live = machine.state.live.get(path)
        if live is not None and live.block == key:
            for inner in child_keys(machine, path):
                yield from below(machine, inner)
            yield path


def drop_node(machine: Machine, path: str) -> None:
    """Forget a live node and all below it; whatever runs is told that nobody waits for it."""
    for inner in list(child_keys(machine, path)):
        drop_block(machine, inner)
    live = machine.state.live[path]
    stop(machine, path, live)
    undo.note_cut_off(machine, path, live)
    del machine.state.live[path]
    if live.status != "FAILED":  # that one's end stands in the history already
        machine.record("step", path, machine.node(path).type, "CANCELLED", started=live.started)


def stop(machine: Machine, path: str, live: NodeState) -> None:
    """Nobody waits for what runs, or is waited for, any more."""
    if live.has_body_running:
        machine.effects.append(CancelStep(path))
    if live.children:
        machine.effects += [CancelChild(child) for child in live.children.values()]
        nodes.cut_off(live)
    if live.wait is not None:
        waits.close(machine, live)


def drop_block(machine: Machine, key: str) -> None:
    for path in list(below(machine, key)):
        if path in machine.state.live:
            drop_node(machine, path)
    machine.close_block(key)


def drop_losers(machine: Machine, key: str, block: Block, progress: BlockState, join: int) -> None:
    """An early join goes on: cancel the steps that only it was waiting for (YF-8), begun or not."""
    lost = {i for i in block.predecessors[join] if i not in progress.gone}
    lost = {i for i in lost if all(s == join for s in block.successors[i])}
    grown = True
    while grown:
        more = {
            i
            for i in range(len(block.nodes))
            if i not in lost
            and i not in progress.gone
            and block.successors[i]
            and all(s in lost or s == join for s in block.successors[i])
        } - {join}
        grown = bool(more)
        lost |= more
    for index in sorted(lost):
        _lose(machine, key, block, progress, index)


def _lose(machine: Machine, key: str, block: Block, progress: BlockState, index: int) -> None:
    path = paths.prefix(key) + block.nodes[index].id
    live = machine.state.live.get(path)
    if live is not None:
        if live.status in ("FAILED", "CANCELLED"):
            progress.failed -= 1
        else:
            progress.open -= 1
        drop_node(machine, path)
    machine.state.frames[machine.frame_key(key)].stat[block.nodes[index].id] = "CANCELLED"
    progress.left -= 1
    progress.gone.append(index)


def freeze(machine: Machine, keys: list[str]) -> None:
    """Stop all that is live in these blocks, kept so that an operator's retry can take it up again.

    A frozen node counts as failed in its block, and a block without anything open counts as failed in its container.
    """
    for key in keys:
        for path in list(below(machine, key)):
            live = machine.state.live[path]
            if live.status in ("FAILED", "CANCELLED"):
                continue
            stop(machine, path, live)
            live.status, live.phase, live.due, live.deadline = "CANCELLED", "", None, None
            progress = machine.state.blocks[live.block]
            progress.joins = {}
            progress.open -= 1
            progress.failed += 1
            if live.block and progress.open == 0:
                _count_failed(machine.state.live[paths.container(live.block)])


def _count_failed(holder: NodeState) -> None:
    holder.open -= 1
    holder.failed += 1


def cancel_running(machine: Machine) -> None:
    """Tell every running step that nobody waits for it, and note what was cut off, and what had failed before."""
    for path, live in machine.state.live.items():
        stop(machine, path, live)
        node = machine.node(path)
        status = "FAILED" if live.status == "FAILED" else "CANCELLED"
        if status == "CANCELLED":
            machine.record("step", path, node.type, status, started=live.started)
        frame = machine.frame_key(live.block)
        if live.started and not frame:  # what the view shows of an instance that has ended
            machine.state.frames[frame].stat[node.id] = status


def thaw(machine: Machine) -> None:
    """Take up again all that failed, was suspended or was frozen: leaves start anew, containers go on (LC-14)."""
    _thaw_blocks(machine, list(machine.state.blocks))
    _thaw_nodes(machine, list(machine.state.live))


def thaw_below(machine: Machine, path: str) -> None:
    """Take up again what failed or was frozen inside of a container."""
    keys = list(child_keys(machine, path))
    inside = [inner for key in keys for inner in below(machine, key)]
    _thaw_blocks(machine, [key for p in (path, *inside) for key in child_keys(machine, p)])
    _thaw_nodes(machine, inside)


def thaw_around(machine: Machine, key: str) -> None:
    """Take up again the containers around a block that have failed, were suspended or frozen, with all inside of them. In
    the one around these, which still runs, it is as if nothing had failed.
    """
    live = machine.state.live
    stopped = [path for path in _holders(machine, key) if live[path].status in _STOPPED]
    if not stopped:
        _thaw_blocks(machine, [key])
        return
    outermost = stopped[-1]
    thaw_below(machine, outermost)
    if live[outermost].status == "SUSPENDED":
        restart(machine, outermost, live[outermost])
    else:
        _thaw_blocks(machine, [live[outermost].block])
        _thaw_nodes(machine, [outermost])


def enter_late(machine: Machine, key: str, indexes: list[int]) -> None:
    """Nodes whose turn in a block would have come before. Where all of it has failed they wait with the rest for whoever
    takes it up again; unless its container still runs: then there is something to do in it once more.
    """
    state, progress = machine.state, machine.state.blocks[key]
    has_failed = bool(key) and progress.has_failed
    is_stopped = state.status == "FAILED" or any(state.live[path].status in _STOPPED for path in _holders(machine, key))
    if has_failed and not is_stopped and indexes:
        _thaw_blocks(machine, [key])
    for index in indexes:
        machine.enter(key, index)
        if has_failed and is_stopped:
            live = state.live[paths.prefix(key) + machine.block(key).nodes[index].id]
            live.status, live.phase = "CANCELLED", ""
            progress.open, progress.failed, progress.joins = 0, progress.failed + 1, {}


_STOPPED = frozenset({"FAILED", "CANCELLED", "SUSPENDED"})


def _holders(machine: Machine, key: str) -> list[str]:
    """The paths of the containers around a block, the innermost first."""
    found: list[str] = []
    while key:
        found.append(paths.container(key))
        key = machine.state.live[found[-1]].block
    return found


def _thaw_blocks(machine: Machine, keys: list[str]) -> None:
    """A block that counts as failed in its container counts as open again."""
    state = machine.state
    for key in keys:
        progress = state.blocks[key]
        if key and progress.has_failed:
            holder = state.live[paths.container(key)]
            holder.open += 1
            holder.failed -= 1


def _thaw_nodes(machine: Machine, found: list[str]) -> None:
    state = machine.state
    for path in found:
        live = state.live[path]
        if live.status in ("FAILED", "CANCELLED"):
            progress = state.blocks[live.block]
            progress.failed -= 1
            progress.open += 1
            restart(machine, path, live)


def restart(machine: Machine, path: str, live: NodeState) -> None:
    """One failed or frozen node is taken up again."""
    live.error, live.interruptions, live.timeouts, live.refreshed, live.holds = None, 0, 0, False, 0
    if live.hold is not None:  # its attempt was never begun
        live.hold = None
        live.attempt -= 1
    if live.choice == TIMED_OUT and _waits_again(machine, path, live):
        return
    machine.watch_joins(live.block, live.index)
    if nodes.taken_up(machine, path, live):
        return
    if live.ended or not (live.open or live.failed or live.cursor):
        live.status, live.base = "PENDING", live.attempt
        machine.enqueue(path, "end" if live.ended else "start")
        return
    node = machine.node(path)
    live.status, live.deadline = "RUNNING", deadline(machine, node)
    if not (live.open or live.failed) or isinstance(node.config, ForEachConfig | ParallelConfig):
        # the blocks of other containers go on by themselves; these may have been frozen before they looked at theirs
        machine.enqueue(path, "next")


def _waits_again(machine: Machine, path: str, live: NodeState) -> bool:
    """A join that timed out waits anew, unless enough of its steps have come since."""
    progress = machine.state.blocks[live.block]
    node = machine.node(path)
    live.choice = ""
    if progress.need.get(str(live.index), 1) <= 0 or not isinstance(node.config, JoinConfig):
        return False
    del machine.state.live[path]
    progress.open -= 1
    progress.joins[str(live.index)] = machine.state.now + (node.config.rule.timeout or 0)
    return True


def deadline(machine: Machine, node: Node) -> int | None:
    """When a container that begins now has to be through: its timeout, or that of its join."""
    limit = time_limit(node)
    return None if limit is None else machine.state.now + limit


def time_limit(node: Node) -> int | None:
    """Milliseconds that a container may take."""
    join = node.config.join.timeout if isinstance(node.config, ParallelConfig) else None
    return min((limit for limit in (node.timeout, join) if limit is not None), default=None)
