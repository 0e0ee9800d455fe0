"""The line of Python that a part of a workflow was written in."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import NamedTuple

_HERE = str(Path(__file__).parent)


class Origin(NamedTuple):
    """``file`` is the name without its folders: enough to find it, and the same on every machine."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def caller() -> FrameType:
    """The innermost frame outside of this package."""
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to the line that called
    while frame.f_code.co_filename.startswith(_HERE) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def origin() -> Origin:
    frame = caller()
    return Origin(Path(frame.f_code.co_filename).name, frame.f_lineno)
