"""Breakers in memory, for one process and those it shares them with."""

from __future__ import annotations

from reactory.adapters.counters.breakers import TableBreakers
from reactory.adapters.memory.table import MemoryTable


class MemoryBreakers(TableBreakers):
    def __init__(self) -> None:
        super().__init__(MemoryTable())
