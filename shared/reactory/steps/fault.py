"""What is wrong with a module, where, and how to fix it. Faults are collected, so that one never hides another (IN-2)."""

from __future__ import annotations

from typing import Literal

import msgspec

FaultCode = Literal[
    "MODULE_NOT_FOUND",
    "DUPLICATE_MODULE",
    "INVALID_MANIFEST",
    "UNKNOWN_FIELD",
    "NO_MATCH",
    "UNREADABLE_FILE",
    "STEPS_NOT_IMPORTED",
    "NO_STEPS",
    "DUPLICATE_STEP",
    "SERVICE_NOT_IMPORTED",
    "NO_SERVICE",
    "DUPLICATE_SERVICE",
    "NO_WORKFLOWS",
    "WORKFLOW_NOT_BUILT",
]


class ModuleFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``module`` is its name, or the path given while the name is not known; ``line`` counts from 1."""

    code: FaultCode
    module: str
    message: str
    file: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message} [{self.code}, module {self.module}]"
