"""Group commit: what the instances of a batch have to write is written together.

While one bulk write is on its way, the next requests gather; at most ``LANES`` writes of a kind are under way at once.
The store's methods block, so they run on threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

LANES = 2
MOST = 200
"""Items in one bulk write."""


class Lane(Generic[Item, Result]):
    """Gathers items and writes them in bulk; each caller gets the result of its own item."""

    def __init__(self, executor: Executor, write: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._executor = executor
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._under_way = 0
        self._scheduled = False

    async def put(self, item: Item) -> Result:
        """Write the item with others; raises what the write raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        self._schedule(loop)
        return await future

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting and not self._scheduled and self._under_way < LANES:
            self._scheduled = True
            # one more turn of the loop: whoever is ready at the same moment joins the same write
            loop.call_soon(self._start, loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduled = False
        batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        if not batch:
            return
        self._under_way += 1
        task = loop.run_in_executor(self._executor, self._write, [item for item, _ in batch])
        task.add_done_callback(lambda done: self._written(loop, batch, done))
        self._schedule(loop)

    def _written(
        self, loop: asyncio.AbstractEventLoop, batch: list[tuple[Item, asyncio.Future[Result]]], done: Any
    ) -> None:
        self._under_way -= 1
        error = done.exception()
        results = [] if error is not None else done.result()
        for number, (_, future) in enumerate(batch):
            if future.cancelled():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(results[number])
        self._schedule(loop)


__all__ = ["Lane"]
