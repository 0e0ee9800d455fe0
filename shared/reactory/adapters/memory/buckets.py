"""Buckets in memory, for one process and those it shares them with."""

from __future__ import annotations

from reactory.adapters.counters.buckets import TableBuckets
from reactory.adapters.memory.table import MemoryTable


class MemoryBuckets(TableBuckets):
    def __init__(self) -> None:
        super().__init__(MemoryTable())
