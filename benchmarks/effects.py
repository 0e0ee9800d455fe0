"""What steps did to the world: a file to which every execution appends its begin and its end.

One ``write`` of one short line to a file opened with O_APPEND is atomic, also for a process that is killed the moment
after; so the file tells the truth about every execution, whatever became of its process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

VARIABLE = "BENCH_EFFECTS"
"""The environment variable that names the file."""

STACK = "BENCH_STACK"
"""The environment variable that says which stack a worker belongs to, where there is more than one."""


class Effect(msgspec.Struct, frozen=True, array_like=True):
    """``key`` is the step's idempotency key, ``phase`` begin or end, ``at`` nanoseconds since the epoch."""

    key: str
    attempt: int
    pid: int
    phase: str
    at: int
    stack: str = ""

    @property
    def at_ms(self) -> int:
        """As the engine counts."""
        return self.at // 1_000_000


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Effect)


def append(file: Path, effect: Effect) -> None:
    """Called by steps, on whatever thread they run."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, _ENCODER.encode(effect) + b"\n")
    finally:
        os.close(descriptor)


def read(file: Path) -> list[Effect]:
    """All effects so far, in the order in which they happened."""
    return list(Follower(file).more())


class Follower:
    """Reads a file of effects as it grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0

    def more(self) -> Iterator[Effect]:
        """What came since the last call."""
        if not self._file.exists():
            return
        with self._file.open("rb") as lines:
            lines.seek(self._offset)
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                yield _DECODER.decode(line)
