"""What a check of a document finds, before it is told with its line (``Problem``)."""

from __future__ import annotations

from typing import NamedTuple

from reactory.definition.document import Document
from reactory.definition.location import Path, format_path
from reactory.definition.problem import Problem, Severity


class Finding(NamedTuple):
    code: str
    path: Path
    message: str
    severity: Severity = "error"

    def told(self, document: Document) -> Problem:
        line = document.line(self.path)
        return Problem(self.code, format_path(self.path), self.message, line=line, severity=self.severity)
