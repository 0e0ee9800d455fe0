"""One problem of a document or of an input: what is wrong, where, and how to fix it (YF-1)."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """``code`` is stable (formats.md, "Validation codes"); ``path`` is like ``steps[2].config.url``; ``line`` counts from 1."""

    code: str
    path: str
    message: str
    line: int | None = None
    severity: Severity = "error"
