"""What a state says of how much in it can go on, and how much has failed, against what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reactory.kernel import paths
from reactory.kernel.state import BlockState, State

_FAILED = ("FAILED", "CANCELLED")
_ENDED = ("COMPLETED", "CANCELLED")
"""Statuses of an instance whose state nobody counts any more."""


def miscounts(state: State) -> Iterator[str]:
    """Every count of a block, or of a container, that is not true. Whoever counts wrongly waits for ever, or does not wait."""
    if state.status in _ENDED:
        return
    nodes = Counter((live.block, live.status in _FAILED) for live in state.live.values())
    blocks: Counter[tuple[str, bool]] = Counter()
    for key, progress in state.blocks.items():
        yield from _differs(f"block '{key}'", (progress.open, progress.failed), nodes, key)
        if key:
            blocks[paths.container(key), _has_failed(progress)] += 1
    for path, live in state.live.items():
        if live.block not in state.blocks:
            yield f"{path} is in no block"
        if not (live.children or live.child):  # else it counts other instances
            yield from _differs(path, (live.open, live.failed), blocks, path)


def failed_beside(state: State) -> list[str]:
    """What the paths begin with in blocks that cannot go on while others of their container can."""
    return [
        paths.prefix(key)
        for key, progress in state.blocks.items()
        if key and _has_failed(progress) and state.live[paths.container(key)].open
    ]


def _has_failed(progress: BlockState) -> bool:
    """Said here once more: what the kernel says of itself is what is judged."""
    return progress.open == 0 and progress.failed > 0


def _differs(what: str, said: tuple[int, int], found: Counter[tuple[str, bool]], key: str) -> Iterator[str]:
    true = (found[key, False], found[key, True])
    if said != true:
        yield f"{what} says {said[0]} open and {said[1]} failed, has {true[0]} and {true[1]}"
