"""The messages of one queue that can be received, fair between groups.

Groups take turns, so that a tenant with 100,000 messages does not keep one with a single message waiting; within a
group the order is that of arrival. SQS does much the same for standard queues whose messages carry a group.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ready(Generic[Item]):
    """Push and pop cost the same whatever the length."""

    def __init__(self) -> None:
        self._turns: deque[str] = deque()
        self._groups: dict[str, deque[Item]] = {}

    def push(self, group: str, item: Item) -> None:
        waiting = self._groups.get(group)
        if waiting is None:
            self._groups[group] = waiting = deque()
            self._turns.append(group)
        waiting.append(item)

    def pop(self) -> Item:
        """The next item; IndexError if there is none."""
        group = self._turns.popleft()
        waiting = self._groups[group]
        item = waiting.popleft()
        if waiting:
            self._turns.append(group)
        else:
            del self._groups[group]
        return item
