"""Slots in memory, for one process and those it shares them with."""

from __future__ import annotations

from reactory.adapters.counters.slots import TableSlots
from reactory.adapters.memory.table import MemoryTable


class MemorySlots(TableSlots):
    def __init__(self) -> None:
        super().__init__(MemoryTable())
