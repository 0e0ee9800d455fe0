"""Changes of an instance from outside of its own flow: rewind to a finished step, fork from one, move to another version.

All three come down to one thing: for a block, say which of its steps are finished, and count anew what the others wait for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from reactory.definition.program import Block, CustomConfig, JoinConfig, Node, Program, TaskConfig, all_nodes
from reactory.exceptions import ConflictError
from reactory.kernel import paths, tree, undo
from reactory.kernel.state import BlockState, Frame, State

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

_THROUGH = frozenset({"COMPLETED", "SKIPPED", "FAILED", "COMPENSATED", "CANCELLED"})


# --- what is finished -------------------------------------------------------------------------------------------------


def finished(machine: Machine, key: str) -> set[int]:
    """The positions of the steps of a running block that are through."""
    block, progress, live = machine.block(key), machine.state.blocks[key], machine.state.live
    begin = paths.prefix(key)
    if block.early_join:
        return {index for index in progress.gone if begin + block.nodes[index].id not in live}
    known: dict[int, bool] = {}

    def is_through(index: int) -> bool:
        if index not in known:
            before = all(
                is_through(other) or _is_released(machine, begin + block.nodes[other].id)
                for other in block.predecessors[index]
            )
            known[index] = before and begin + block.nodes[index].id not in live
        return known[index]

    return {index for index in range(len(block.nodes)) if is_through(index)}


def downstream(block: Block, index: int) -> set[int]:
    """A step and all that comes after it."""
    found, waiting = {index}, [index]
    while waiting:
        for successor in block.successors[waiting.pop()]:
            if successor not in found:
                found.add(successor)
                waiting.append(successor)
    return found


def _recount(machine: Machine, key: str, done: set[int], again: Collection[int] = ()) -> None:
    """What each unfinished step of a block still waits for, when these are finished. Those of ``again`` wait for one more
    at least: a join that had enough without the step that is run anew would never see it otherwise.
    """
    block, progress = machine.block(key), machine.state.blocks[key]
    begin = paths.prefix(key)
    satisfied = done | {
        index
        for index, node in enumerate(block.nodes)
        if (live := machine.state.live.get(begin + node.id)) is not None and live.released
    }
    progress.left = len(block.nodes) - len(done)
    progress.gone = sorted(satisfied) if block.early_join else []
    need: dict[str, int] = {}
    for index, node in enumerate(block.nodes):
        before = block.predecessors[index]
        through = sum(other in satisfied for other in before)
        if index not in done and len(before) > 1 and through:
            wanted = node.config.rule.needed(len(before)) if isinstance(node.config, JoinConfig) else len(before)
            need[str(index)] = max(wanted - through, 1) if index in again else wanted - through
    progress.need = need


def _may_begin(machine: Machine, key: str, done: set[int]) -> list[int]:
    """Unfinished steps whose turn has come, and that are not live."""
    block, progress = machine.block(key), machine.state.blocks[key]
    begin = paths.prefix(key)
    ready: list[int] = []
    for index, node in enumerate(block.nodes):
        if index in done or begin + node.id in machine.state.live:
            continue
        before = block.predecessors[index]
        if len(before) > 1:
            turn = progress.need.get(str(index), 1) <= 0
        else:
            turn = all(other in done or _is_released(machine, begin + block.nodes[other].id) for other in before)
        if turn:
            ready.append(index)
    return ready


def _is_released(machine: Machine, path: str) -> bool:
    live = machine.state.live.get(path)
    return live is not None and live.released


def _forget(frame: Frame, nodes: Iterable[Node]) -> None:
    """Outputs and statuses of steps that are to run anew, and of all inside of them."""
    for node in nodes:
        for inner in (node, *all_nodes(Block((node,), ((),), ((),)))):
            frame.outs.pop(inner.id, None)
            frame.stat.pop(inner.id, None)


def _requeue(machine: Machine) -> None:
    """What is to be done next, as a machine restored from the snapshot would see it."""
    machine.queue.clear()
    machine.queue.extend(path for path, live in machine.state.live.items() if live.phase)
    if machine.state.finishing:
        machine.queue.appendleft("")


# --- rewind -----------------------------------------------------------------------------------------------------------


def find_finished(machine: Machine, step: str) -> tuple[str, int]:
    """Where a finished step stands: its block and position. ``step`` is its path, or its id where that is enough.

    Raises ConflictError that says why it cannot be rewound to.
    """
    found = [
        (key, index, paths.prefix(key) + node.id)
        for key in machine.state.blocks
        for index, node in enumerate(machine.block(key).nodes)
        if step in (node.id, paths.prefix(key) + node.id)
    ]
    exact = [one for one in found if one[2] == step] or found
    if not exact:
        raise ConflictError(_no_such_step(machine, step))
    through = [one for one in exact if one[1] in finished(machine, one[0])]
    if not through:
        raise ConflictError(
            f"step '{step}' has not finished: rewind goes to a finished step; retry takes up a failed one"
        )
    if len(through) > 1:
        listed = ", ".join(path for _, _, path in through[:5])
        raise ConflictError(f"step '{step}' has finished more than once ({listed}): name one of these paths")
    key, index, _ = through[0]
    return key, index


def find_failed(machine: Machine, step: str) -> str:
    """The path of the failed step that corrected input is for. ``step`` is its path, its id where that is enough, or empty
    where only one has failed.

    Raises ConflictError that says why there is none.
    """
    failed = [
        path
        for path, live in machine.state.live.items()
        if live.status == "FAILED" and not live.failed and step in ("", path, paths.step_id(path))
    ]
    found = [path for path in failed if path == step] or failed
    if not found:
        raise ConflictError(f"step '{step}' has not failed: `steps` of the instance shows those that have")
    if len(found) > 1:
        raise ConflictError(f"more than one step has failed ({', '.join(found[:5])}): name one of these paths")
    return found[0]


def takes_input(machine: Machine, path: str) -> str | None:
    """Why a failed step cannot be given corrected input; None where it can."""
    config, live = machine.node(path).config, machine.state.live[path]
    if not (isinstance(config, TaskConfig) or (isinstance(config, CustomConfig) and config.handler is not None)):
        kind = machine.node(path).type
        return f"step '{path}' is of the type {kind}, which takes no inputs: correct the workflow, and migrate to it"
    if live.ended:
        return f"step '{path}' has its result already, and only its outputs could not be mapped: retry without input"
    return None


def _no_such_step(machine: Machine, step: str) -> str:
    step_id = paths.step_id(step)
    if step_id not in machine.program.nodes:
        return f"workflow {machine.program.reference} has no step '{step}'"
    outer = [node.id for node in machine.program.root.nodes if step_id in {inner.id for inner in _inside(node)}]
    where = f": rewind to '{outer[0]}', which holds it" if outer and outer[0] != step_id else ""
    return f"step '{step}' is not part of what is running now{where}"


def _inside(node: Node) -> Iterable[Node]:
    return all_nodes(Block((node,), ((),), ((),)))


def rewind(machine: Machine, key: str, index: int) -> None:
    """The step and all that comes after it in its block run anew, as executions of their own; the others stay."""
    state, block, progress = machine.state, machine.block(key), machine.state.blocks[key]
    begin, again, done = paths.prefix(key), downstream(block, index), finished(machine, key)
    for number in again:
        path = begin + block.nodes[number].id
        live = state.live.get(path)
        if live is not None:
            failed = live.status in ("FAILED", "CANCELLED")
            progress.failed -= failed
            progress.open -= not failed
            tree.drop_node(machine, path)
    undo.forget(machine, [begin + block.nodes[number].id for number in again])
    state.generation += 1
    state.finishing = False
    progress.joins = {joined: until for joined, until in progress.joins.items() if int(joined) not in again}
    _forget(state.frames[machine.frame_key(key)], [block.nodes[number] for number in again])
    _recount(machine, key, done - again, again - {index})
    machine.enter(key, index)
    _requeue(machine)


# --- fork -------------------------------------------------------------------------------------------------------------


def fork(machine: Machine, step: str) -> State:
    """The state of a new instance that begins at ``step``, with what this one had finished before it.

    ``machine`` is left as it is. Raises ConflictError for a step that is not one of the root's.
    """
    program, source = machine.program, machine.state
    block = program.root
    index = next((number for number, node in enumerate(block.nodes) if node.id == step), None)
    if index is None:
        raise ConflictError(_no_fork(program, step))
    again = downstream(block, index)
    through = _finished_at_root(machine) - again
    kept = Frame(dict(source.frames[""].outs), dict(source.frames[""].stat)) if source.frames else Frame()
    _forget(kept, [node for number, node in enumerate(block.nodes) if number not in through])
    state = State(variables=dict(source.variables), frames={"": kept}, blocks={"": BlockState(left=0)})
    other = type(machine)(program, state, machine.context)
    _recount(other, "", through, again - {index})
    for number in _may_begin(other, "", through):
        other.enter("", number)
    return state


def _finished_at_root(machine: Machine) -> set[int]:
    if "" in machine.state.blocks:
        return finished(machine, "")
    stat = machine.state.frames[""].stat if machine.state.frames else {}
    return {
        index for index, node in enumerate(machine.program.root.nodes) if stat.get(node.id) in _THROUGH - {"CANCELLED"}
    }


def _no_fork(program: Program, step: str) -> str:
    if step in program.nodes:
        return f"step '{step}' stands inside of another: fork from a step of the root: {_root_steps(program)}"
    return f"workflow {program.reference} has no step '{step}': fork from one of {_root_steps(program)}"


def _root_steps(program: Program) -> str:
    return ", ".join(node.id for node in program.root.nodes)


# --- migrate ----------------------------------------------------------------------------------------------------------


def misfits(machine: Machine, program: Program) -> list[str]:
    """Why this instance cannot go on as another version: every live step has to be there, at its place, of its type."""
    if machine.context.fragment is not None:
        return ["it runs a part of a distributed loop: migrate the instance that it is a part of"]
    other = type(machine)(program, machine.state, machine.context)
    problems: list[str] = []
    for path, live in machine.state.live.items():
        node, new = machine.node(path), program.nodes.get(paths.step_id(path))
        if new is None:
            problems.append(f"step '{path}' is not there")
        elif type(new.config) is not type(node.config):
            problems.append(f"step '{path}' is of the type {new.type}, not {node.type}")
        elif not _has_block(other, live.block, new):
            problems.append(f"step '{path}' stands elsewhere")
    return problems


def _has_block(other: Machine, key: str, node: Node) -> bool:
    try:
        return node in other.block(key).nodes
    except (KeyError, StopIteration, AssertionError):
        return False


def migrate(machine: Machine, program: Program) -> None:
    """Go on as another version. Steps that it has added behind what is running will run; those before it count as skipped."""
    state = machine.state
    done = {key: {machine.block(key).nodes[index].id for index in finished(machine, key)} for key in state.blocks}
    joins = {
        key: {machine.block(key).nodes[int(i)].id: at for i, at in p.joins.items()} for key, p in state.blocks.items()
    }
    machine.use(program)
    state.variables = dict(program.variables) | state.variables
    through = "" in state.blocks and not state.blocks[""].left
    for key in list(state.blocks):
        _refit(machine, key, done[key], joins[key])
    if through and state.blocks[""].left:
        state.finishing = False  # all was through, and there is more to do now
    _requeue(machine)


def _refit(machine: Machine, key: str, done: set[str], joins: dict[str, int]) -> None:
    state, block = machine.state, machine.block(key)
    begin, frame = paths.prefix(key), machine.state.frames[machine.frame_key(key)]
    begun: set[int] = set()
    for index, node in enumerate(block.nodes):
        live = state.live.get(begin + node.id)
        if live is not None and live.block == key:
            live.index = index
            begun.add(index)
        elif node.id in done:
            begun.add(index)
    through = {index for index in begun if begin + block.nodes[index].id not in state.live}
    # a join is live as soon as anything that it waits for is: that passes over nothing
    behind = {index for index in begun if index in through or not isinstance(block.nodes[index].config, JoinConfig)}
    for index, node in enumerate(block.nodes):
        if index not in begun and downstream(block, index) & behind:
            through.add(index)
            frame.stat[node.id] = "SKIPPED"
    state.blocks[key].joins = {str(i): joins[node.id] for i, node in enumerate(block.nodes) if node.id in joins}
    _recount(machine, key, through)
    tree.enter_late(machine, key, _may_begin(machine, key, through))
