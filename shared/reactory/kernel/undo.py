"""Undoing finished steps: what has to be remembered of them, and the blocks that do it.

What a saga remembers is its ``log``; of a long one only the end is in the state, the pages before it are out of line until
their turn comes.

An undoing is a block of its own, ``pay[undo0]``, inside of the node that does it: the saga, or outside of sagas the failed
step itself. It sees what the step saw: its output, and the items of the loops around it, which may be gone by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reactory.definition.program import Block, ForEachConfig, Node, SagaConfig
from reactory.kernel import paths, tree
from reactory.kernel.effects import Store
from reactory.kernel.nodes import container
from reactory.kernel.snapshot import content_id
from reactory.kernel.state import Done, Frame, LogPage, NodeState
from reactory.kernel.values import SHALLOW, make_ref

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

OWN = "#compensate"
"""Behind the path of a saga in the log of an outer one: its ``compensate`` block, which runs after its steps' undoing."""


def _undoes(key: str) -> bool:
    """An undoing of a step, or a saga's own compensation."""
    return paths.is_undo(key) or paths.selector(key) == "compensate"


def inside(machine: Machine, key: str) -> bool:
    """Whether a block stands inside of an undoing."""
    while key:
        if _undoes(key):
            return True
        key = machine.state.live[paths.container(key)].block
    return False


def enclosing_saga(machine: Machine, key: str) -> str | None:
    """The path of the nearest saga whose body the block ``key`` belongs to; not beyond an undoing."""
    while key:
        if _undoes(key):
            return None
        holder = paths.container(key)
        if isinstance(machine.node(holder).config, SagaConfig):
            return holder
        key = machine.state.live[holder].block
    return None


def note(machine: Machine, path: str, node: Node, live: NodeState, output: Any) -> None:
    """A node is through: the saga around it, if there is one, has to be able to undo it."""
    inner = isinstance(node.config, SagaConfig)
    if node.compensate_with is None and not inner:
        return
    saga = enclosing_saga(machine, live.block)
    if saga is None:
        return
    holder = machine.state.live[saga]
    if inner:
        _take_over(machine, path, node, live, holder)
    if node.compensate_with is not None:
        holder.log.append(_done(machine, path, node, live, output, machine.state.seq))
    _page_out(machine, saga, holder)


def _take_over(machine: Machine, path: str, node: Node, live: NodeState, holder: NodeState) -> None:
    """A saga inside of another is through: the outer one undoes its steps, then what it would have done itself."""
    config = node.config
    assert isinstance(config, SagaConfig)
    if config.undo is not None:
        done = _done(machine, path, node, live, None, live.begun)
        holder.log.append(Done(done.step, path + OWN, done.order, done.outs, done.stat, done.names))
    _hand_over(node, live, holder)
    live.log, live.older = [], []


def note_cut_off(machine: Machine, path: str, live: NodeState) -> None:
    """A step that has lost against others was begun, and may have taken effect."""
    node = machine.node(path)
    inner = isinstance(node.config, SagaConfig)
    begun = node.compensate_with is not None and live.attempt and live.status != "FAILED"
    if not inner and not begun:
        return
    saga = enclosing_saga(machine, live.block)
    if saga is not None and not machine.state.live[saga].choice:
        holder = machine.state.live[saga]
        if inner:
            _hand_over(node, live, holder)
        if begun:
            holder.log.append(_done(machine, path, node, live, _failure(live), machine.state.seq))
        _page_out(machine, saga, holder)


def _hand_over(node: Node, live: NodeState, holder: NodeState) -> None:
    """What a saga that is given up, or through, has not undone; what it was undoing may not be undone."""
    if isinstance(node.config, SagaConfig):
        holder.log += live.log if live.undoing is None else [*live.log, live.undoing]
        holder.older += live.older


LOG_PAGE = 50
"""Entries of a saga's log per page out of line; up to twice as many stay in the state."""


def _page_out(machine: Machine, path: str, saga: NodeState) -> None:
    """Keep the state small: the oldest of what can be undone is not needed for long, or never."""
    saga.log.sort(key=lambda done: done.order)
    while len(saga.log) > 2 * LOG_PAGE:
        page, saga.log = saga.log[:LOG_PAGE], saga.log[LOG_PAGE:]
        encoded = msgspec.json.encode(page)
        begin = f"{machine.context.blobs}/{paths.execution(path, saga.generation)}.log"
        page_id, value = content_id(begin, encoded), msgspec.json.decode(encoded)
        machine.context.values[page_id] = value
        machine.effects.append(Store(page_id, value))
        saga.older.append(LogPage(make_ref(page_id, len(encoded)) | {SHALLOW: True}, page[-1].order))


def take_last(machine: Machine, saga: NodeState) -> Done | None:
    """The last of what is left to be undone. Raises MissingValueSignal, with nothing changed, for a page not loaded."""
    while saga.older:
        page = max(saga.older, key=lambda one: one.last)
        if saga.log and saga.log[-1].order > page.last:
            break
        entries = msgspec.convert(machine.context.deref(page.ref), list[Done])
        saga.older.remove(page)
        kept = [done for done in entries if not any(paths.is_at(done.path, gone) for gone in page.without)]
        saga.log = sorted([*kept, *saga.log], key=lambda done: done.order)
    return saga.log.pop() if saga.log else None


def forget(machine: Machine, gone: list[str]) -> None:
    """What the sagas would have undone of these steps is no longer there to be undone: they are run anew."""
    for live in machine.state.live.values():
        live.log = [done for done in live.log if not any(paths.is_at(done.path, path) for path in gone)]
        for page in live.older:
            page.without += gone


def note_unfinished(machine: Machine, saga: NodeState, body: str) -> None:
    """What has failed, or was cut off, may have taken effect: it is undone first, the failed step before the others."""
    begun = [(path, machine.state.live[path]) for path in tree.below(machine, body)]
    for path, live in begun:
        _hand_over(machine.node(path), live, saga)
    cut_off = [one for one in begun if one[1].status != "FAILED" and one[1].attempt]
    failed = [one for one in begun if one[1].status == "FAILED"]
    for number, (path, live) in enumerate([*cut_off, *reversed(failed)]):
        node = machine.node(path)
        if node.compensate_with is not None:
            at = machine.state.seq + number if not live.begun or live.attempt else live.begun
            saga.log.append(_done(machine, path, node, live, _failure(live), at))


def _failure(live: NodeState) -> Any:
    from reactory.kernel.failures import error_view

    return None if live.error is None else {"error": error_view(live.error)}


def _done(  # noqa: PLR0917 - what is known of a node, and when it ended
    machine: Machine, path: str, node: Node, live: NodeState, output: Any, order: int
) -> Done:
    done = Done(node.id, path, order)
    for key in _loops(machine, live.block):
        frame, holder = machine.state.frames[key], paths.container(key)
        done.outs |= frame.outs
        done.stat |= frame.stat
        config = machine.node(holder).config
        assert isinstance(config, ForEachConfig)
        done.names |= machine.item_names(holder, key, config)
    done.outs[node.id] = output
    done.stat[node.id] = "COMPLETED" if live.error is None else "FAILED"
    return done


def _loops(machine: Machine, key: str) -> list[str]:
    """The for_each items between a block and its saga, the outermost first."""
    found: list[str] = []
    while key:
        holder = paths.container(key)
        config = machine.node(holder).config
        if isinstance(config, SagaConfig):
            break
        if isinstance(config, ForEachConfig):
            found.append(key)
        key = machine.state.live[holder].block
    return found[::-1]


def open_undo(machine: Machine, path: str, live: NodeState) -> None:
    """Run what undoes ``live.undoing``, inside of ``path``."""
    done = live.undoing
    assert done is not None
    key = f"{path}[{paths.UNDO}{live.cursor}]"
    live.cursor += 1
    machine.state.frames[key] = Frame(dict(done.outs), dict(done.stat))
    container.open_child(machine, live, key, block_of(machine, live))


def block_of(machine: Machine, live: NodeState) -> Block:
    """The block that is running as an undoing of this node."""
    done = live.undoing
    assert done is not None
    node = machine.program.nodes[done.step]
    if done.path.endswith(OWN) and isinstance(node.config, SagaConfig) and node.config.undo is not None:
        return node.config.undo
    assert node.compensate_with is not None
    return node.compensate_with


def close(machine: Machine, live: NodeState, key: str) -> None:
    """An undoing is through."""
    done, live.undoing = live.undoing, None
    assert done is not None
    machine.close_block(key)
    path = done.path.removesuffix(OWN)
    machine.record("step", path, machine.program.nodes[done.step].type, "COMPENSATED")
    frame = machine.state.frames[machine.frame_key(live.block)]
    if frame.stat.get(done.step) is not None:
        frame.stat[done.step] = "COMPENSATED"


def undo_step(machine: Machine, path: str, live: NodeState, output: Any) -> None:
    """Outside of sagas a step with errorPolicy compensate undoes itself, then what follows goes on."""
    node = machine.node(path)
    for key in list(tree.child_keys(machine, path)):
        tree.drop_block(machine, key)
    live.open = live.failed = 0
    live.status, live.phase = "COMPENSATING", ""
    live.undoing = Done(node.id, path, machine.state.seq, {node.id: output}, {node.id: "FAILED"})
    open_undo(machine, path, live)


def step_undone(machine: Machine, path: str, live: NodeState, key: str) -> None:
    """The undoing of a single step is through."""
    done = live.undoing
    assert done is not None
    live.open -= 1
    live.undoing = None
    machine.close_block(key)
    machine.state.compensated = True
    machine.complete(path, live, "COMPENSATED", done.outs[done.step])
