"""A workflow document as it was written: plain data, the line of every value, the text.

YAML and JSON give the same data. Whether the data are a workflow is decided in ``validate``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from reactory.definition.codes import INVALID_DOCUMENT
from reactory.definition.location import Path, parse_path
from reactory.definition.problem import Problem
from reactory.definition.tree import NotationError
from reactory.exceptions import InvalidDefinitionError

MAX_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Document:
    """``problems`` are those of the notation (a key given twice …); ``validate`` reports them with all others."""

    name: str
    data: dict[str, Any]
    text: str = ""
    problems: tuple[Problem, ...] = ()
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, data: Mapping[str, Any], *, name: str = "<document>") -> Document:
        """A document that was never written down: made by code, or read from the store."""
        return cls(name=name, data=dict(data))

    def line(self, path: str | Path) -> int | None:
        """The line (from 1) of the value at ``path``, else that of the nearest value around it."""
        parts = parse_path(path) if isinstance(path, str) else path
        while parts and parts not in self.lines:
            parts = parts[:-1]
        return self.lines.get(parts)


def load_document(text: str | bytes, *, name: str = "<document>") -> Document:
    """Reads YAML or JSON. Raises InvalidDefinitionError when the text cannot be read as one document at all."""
    from reactory.definition.notation import read_json, read_yaml  # the YAML parser, only where documents are read

    try:
        source = _decoded(text)
        content = read_json(source) if _looks_like_json(source) else read_yaml(source)
    except NotationError as error:
        problem = Problem(code=INVALID_DOCUMENT, path="", message=str(error), line=error.line)
        where = f"{name}, line {error.line}" if error.line else name
        raise InvalidDefinitionError(f"{where}: {error}", [problem]) from error
    return Document(name=name, data=content.data, text=source, problems=content.problems, lines=content.lines)


def _decoded(text: str | bytes) -> str:
    size = len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise NotationError(f"the document has {size} bytes, more than the {MAX_BYTES} allowed; split it")
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise NotationError(f"byte {error.start} is not UTF-8; save the file as UTF-8", line) from error


def _looks_like_json(text: str) -> bool:
    """JSON is read as JSON: as YAML it would fail on tabs, on escaped surrogates and on long keys.

    What begins with a brace and is no JSON may still be YAML in its flow style, or JSON with a mistake. It counts as
    JSON when its first key is quoted, so that the error is told in the words of the notation that was meant.
    """
    if not re.match(r"\s*[{\[]", text):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return re.match(r'\s*\{\s*(?:"|\})', text) is not None
    return True


def canonical_json(value: Any) -> bytes:
    """The same bytes for the same data, whatever the order of keys was."""
    return msgspec.json.encode(value, order="sorted")
