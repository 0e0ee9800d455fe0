"""parallel: branches side by side, joined by all, any or n_of (YF-8, WH-20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.program import Node, ParallelConfig
from reactory.kernel import failures, paths, tree
from reactory.kernel.nodes import container
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    del scope  # nothing to evaluate
    container.begin(machine, node, live)
    go_on(machine, path, node, live)


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """Open branches up to ``maxConcurrency``; conclude when the join is satisfied or cannot be."""
    config = node.config
    assert isinstance(config, ParallelConfig)
    if len(live.results) >= config.join.needed(len(config.branches)):
        _conclude(machine, path, node, live)
        return
    live.phase = ""
    if config.fail_fast and live.failed:
        tree.freeze(machine, list(tree.child_keys(machine, path)))
        failures.container_stuck(machine, path, live)
        return
    window = config.max_concurrency or len(config.branches)
    while live.cursor < len(config.branches) and live.open < window:
        number, live.cursor = live.cursor, live.cursor + 1
        container.open_child(machine, live, f"{path}:{number}", config.branches[number].body)
    if live.open == 0 and live.cursor == len(config.branches) and live.failed and not live.phase:
        failures.container_stuck(machine, path, live)


def _conclude(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """The join is satisfied: the losers are dropped."""
    config = node.config
    assert isinstance(config, ParallelConfig)
    output = {
        branch.name: machine.context.whole(live.results[str(number)])
        for number, branch in enumerate(config.branches)
        if str(number) in live.results
    }
    for key in list(tree.child_keys(machine, path)):
        tree.drop_block(machine, key)
    live.open = live.failed = 0
    machine.conclude(path, live, output)


def child_done(machine: Machine, path: str, live: NodeState, key: str) -> None:
    config = machine.node(path).config
    assert isinstance(config, ParallelConfig)
    number = paths.selector(key)
    live.open -= 1
    live.results[number] = container.result_of(machine, key, config.branches[int(number)].body)
    machine.close_block(key)
    _queue_next(machine, path, live)


def child_failed(machine: Machine, path: str, live: NodeState, key: str) -> None:
    assert paths.container(key) == path
    container.fail_child(live)
    _queue_next(machine, path, live)


def _queue_next(machine: Machine, path: str, live: NodeState) -> None:
    if not live.phase:
        machine.enqueue(path, "next")
