"""Cutting what is to be sent into the batches that a service takes, and sending several of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

THREADS = 16


def batches(items: Iterable[Item], size: Callable[[Item], int], *, limit: int, count: int = 10) -> Iterator[list[Item]]:
    """Consecutive items, at most ``count`` and ``limit`` bytes together; an item over the limit goes alone."""
    batch: list[Item] = []
    weight = 0
    for item in items:
        own = size(item)
        if batch and (len(batch) == count or weight + own > limit):
            yield batch
            batch, weight = [], 0
        batch.append(item)
        weight += own
    if batch:
        yield batch


def at_once(call: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """``call`` of each item, in threads where there are several; the answers in order.

    The first failure is raised, and what was not begun by then is left out: a service that is down is not asked again
    and again.
    """
    if len(items) < 2:
        return [call(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(THREADS, len(items))) as pool:
        futures = [pool.submit(call, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
