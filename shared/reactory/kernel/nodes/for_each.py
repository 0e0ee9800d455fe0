"""for_each: one block per item, a window of them at a time; results in the order of the items, full pages of them kept
out of line, so that 100,000 items cost the same per item as ten (WH-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import ForEachConfig, Node
from reactory.exceptions import ExpressionError
from reactory.kernel import failures, paths
from reactory.kernel.effects import Store
from reactory.kernel.nodes import container, distributed
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import Frame, NodeState
from reactory.kernel.values import make_ref

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

PAGE = 100
"""Results per page kept out of line."""

WINDOW = 250
"""Items in the air at once where ``maxConcurrency`` does not say less: bounds the size of the state."""

FAILED_MOST = 1000
"""After so many failed items no more are begun: each is kept for the retry, and the state must not grow without end."""

OPEN_AT_ONCE = 50
"""Items opened per round, so that opening many yields to the host in between."""


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, ForEachConfig)
    if distributed.is_part(machine, path):
        distributed.start_part(machine, path, node, live)
        return
    if config.distributed is not None:
        distributed.start(machine, path, node, live, scope)
        return
    items = config.items.evaluate(scope)
    if not isinstance(items, list):
        raise ExpressionError(
            f"items of '{path}' must be an array, but '{config.items.source}' is {type(items).__name__}"
        )
    container.begin(machine, node, live)
    live.items, live.total = items, len(items)
    go_on(machine, path, node, live)


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """Open items up to the window; conclude when the last one is through."""
    config = node.config
    assert isinstance(config, ForEachConfig)
    if config.distributed is not None and not distributed.is_part(machine, path):
        distributed.go_on(machine, path, node, live)
        return
    if live.open == 0 and (live.cursor == live.total or live.failed >= FAILED_MOST):
        _close(machine, path, live)
        return
    live.phase = ""
    window = min(config.max_concurrency or WINDOW, WINDOW)
    for _ in range(OPEN_AT_ONCE):
        if live.cursor == live.total or live.open >= window or live.failed >= FAILED_MOST:
            return
        _open_item(machine, path, config, live)
    _queue_next(machine, path, live)


def _open_item(machine: Machine, path: str, config: ForEachConfig, live: NodeState) -> None:
    key = f"{path}[{live.cursor}]"
    live.cursor += 1
    machine.state.frames[key] = Frame()
    container.open_child(machine, live, key, config.body)


def _close(machine: Machine, path: str, live: NodeState) -> None:
    if live.failed:
        failures.container_stuck(machine, path, live)
        return
    results: Any
    if _is_paged(machine, path, live):
        pages = -(-live.total // PAGE)
        _store_if_full(machine, path, live, pages - 1, last=True)
        results = make_ref(_page_base(machine, path), live.total, pages)
    else:
        results = [machine.context.whole(live.results[str(index)]) for index in range(live.total)]
    live.items = None
    live.results = {}
    machine.conclude(path, live, {"results": results})


def child_done(machine: Machine, path: str, live: NodeState, key: str) -> None:
    config = machine.node(path).config
    assert isinstance(config, ForEachConfig)
    live.open -= 1
    number = paths.selector(key)
    live.results[number] = container.result_of(machine, key, config.body)
    machine.close_block(key)
    _store_if_full(machine, path, live, int(number) // PAGE)
    _queue_next(machine, path, live)


def child_failed(machine: Machine, path: str, live: NodeState, key: str) -> None:
    """The other items finish first, then the container fails."""
    assert paths.container(key) == path
    container.fail_child(live)
    _queue_next(machine, path, live)


def _queue_next(machine: Machine, path: str, live: NodeState) -> None:
    if not live.phase:
        machine.enqueue(path, "next")


def _page_base(machine: Machine, path: str) -> str:
    generation = machine.state.live[path].generation
    return f"{machine.context.blobs}/{paths.execution(path, generation)}.results"


def _is_paged(machine: Machine, path: str, live: NodeState) -> bool:
    """Small loops keep their results inline; so does the part of a distributed one, which reports them as a whole."""
    return live.total > PAGE and not distributed.is_part(machine, path)


def _store_if_full(machine: Machine, path: str, live: NodeState, page: int, *, last: bool = False) -> None:
    """Move a page out of line as soon as all of its items are through, whatever the other pages still wait for. Small
    loops stay inline, and a last page that is not full until the loop closes.
    """
    if not _is_paged(machine, path, live):
        return
    wanted = [str(index) for index in range(page * PAGE, min((page + 1) * PAGE, live.total))]
    if (len(wanted) < PAGE and not last) or not all(index in live.results for index in wanted):
        return
    page_id = f"{_page_base(machine, path)}.{page}"
    values = [live.results.pop(index) for index in wanted]
    machine.context.values[page_id] = values
    machine.effects.append(Store(page_id, values))
