"""Who used the processor: this machine as a whole, one process, one process's threads. From ``/proc``, so Linux only."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
KNOWN = sys.platform == "linux"


def _ticks() -> float:
    return float(os.sysconf("SC_CLK_TCK"))


def process_seconds(pid: int) -> float:
    """Processor time that a process has used since it began; 0 where nobody can tell."""
    return _used(_PROC / str(pid) / "stat") if KNOWN else 0.0


def thread_seconds(native_id: int) -> float:
    """Processor time that a thread of this process has used."""
    path = _PROC / "self" / "task" / str(native_id) / "schedstat"  # in nanoseconds; ``stat`` counts in hundredths
    return int(path.read_text().split()[0]) / 1e9 if KNOWN and path.exists() else 0.0


def _used(stat: Path) -> float:
    after_name = stat.read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _ticks()


@dataclass(frozen=True, slots=True)
class Machine:
    """Seconds since the machine started, over all its processors."""

    busy: float
    stolen: float

    @classmethod
    def now(cls) -> Machine:
        if not KNOWN:
            return cls(0.0, 0.0)
        fields = [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
        user, nice, system, _idle, _waiting, interrupts, soft, stolen = fields
        return cls((user + nice + system + interrupts + soft) / _ticks(), stolen / _ticks())
