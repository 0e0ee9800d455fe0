"""Undoing finished steps: what has to be remembered of them, and the blocks that do it.

An undoing is a block of its own, ``pay[undo0]``, inside of the node that does it: the saga, or outside of sagas the failed
step itself. It sees what the step saw: its output, and the items of the loops around it, which may be gone by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import Block, ForEachConfig, Node, SagaConfig
from reactory.kernel import paths, tree
from reactory.kernel.nodes import container
from reactory.kernel.state import Done, Frame, NodeState

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
    log = machine.state.live[saga].log
    if inner:
        _take_over(machine, path, node, live, log)
    if node.compensate_with is not None:
        log.append(_done(machine, path, node, live, output, machine.state.seq))


def _take_over(machine: Machine, path: str, node: Node, live: NodeState, log: list[Done]) -> None:
    """A saga inside of another is through: the outer one undoes its steps, then what it would have done itself."""
    config = node.config
    assert isinstance(config, SagaConfig)
    if config.undo is not None:
        done = _done(machine, path, node, live, None, live.begun)
        log.append(Done(done.step, path + OWN, done.order, done.outs, done.stat, done.names))
    log += live.log
    live.log = []


def note_cut_off(machine: Machine, path: str, live: NodeState) -> None:
    """A step that has lost against others was begun, and may have taken effect."""
    node = machine.node(path)
    inner = _left_to_undo(node, live)
    begun = node.compensate_with is not None and live.attempt and live.status != "FAILED"
    if not inner and not begun:
        return
    saga = enclosing_saga(machine, live.block)
    if saga is not None and not machine.state.live[saga].choice:
        log = machine.state.live[saga].log
        log += inner
        if begun:
            log.append(_done(machine, path, node, live, _failure(live), machine.state.seq))


def _left_to_undo(node: Node, live: NodeState) -> list[Done]:
    """What a saga that is given up has not undone yet; what it was undoing may not be undone."""
    if not isinstance(node.config, SagaConfig):
        return []
    return live.log if live.undoing is None else [*live.log, live.undoing]


def note_unfinished(machine: Machine, saga: NodeState, body: str) -> None:
    """What has failed, or was cut off, may have taken effect: it is undone first, the failed step before the others."""
    begun = [(path, machine.state.live[path]) for path in tree.below(machine, body)]
    for path, live in begun:
        saga.log += _left_to_undo(machine.node(path), live)
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
