"""What may be registered (WR-2): a document, or an envelope ``{nameSpace, name, version, component | yaml}`` around one."""

from __future__ import annotations

from typing import Any

from reactory.definition import codes
from reactory.definition.document import Document, load_document
from reactory.definition.problem import Problem
from reactory.exceptions import InvalidDefinitionError

_IDENTITY = ("nameSpace", "name", "version")
_CONTENT = ("component", "yaml")


def read_document(text: str | bytes, *, name: str = "<document>") -> Document:
    """The document in ``text``, taken out of its envelope where it has one.

    Raises InvalidDefinitionError for text that cannot be read, and for an envelope that is incomplete or that says
    another identity than the document in it.
    """
    outer = load_document(text, name=name)
    if "steps" in outer.data or not _is_envelope(outer.data):
        return outer
    _check_complete(outer)
    inner = _content(outer)
    identity = {key: outer.data[key] for key in _IDENTITY}
    other = [key for key in _IDENTITY if inner.data.get(key, identity[key]) != identity[key]]
    if other:
        problems = [
            Problem(
                code=codes.INVALID_FIELD,
                path=key,
                message=f"the envelope says {identity[key]!r}, the document in it {inner.data[key]!r}; make them equal",
                line=outer.line(key),
            )
            for key in other
        ]
        raise _refusal(problems)
    return Document(name=name, data=identity | inner.data, text=inner.text, problems=inner.problems, lines=inner.lines)


def _is_envelope(data: dict[str, Any]) -> bool:
    return any(key in data for key in _CONTENT) or set(data) <= set(_IDENTITY)


def _check_complete(outer: Document) -> None:
    missing = [key for key in _IDENTITY if not isinstance(outer.data.get(key), str) or not outer.data[key]]
    problems = [
        Problem(code=codes.MISSING_FIELD, path=key, message=f"{key} is missing or no text", line=outer.line(()))
        for key in missing
    ]
    if sum(key in outer.data for key in _CONTENT) != 1:
        message = "give the workflow as exactly one of: steps (a whole document), component (an object), yaml (a text)"
        problems.append(Problem(code=codes.MISSING_FIELD, path="", message=message, line=outer.line(())))
    unknown = sorted(set(outer.data) - {*_IDENTITY, *_CONTENT})
    problems += [
        Problem(code=codes.UNKNOWN_FIELD, path=key, message=f"{key} has no place in an envelope", line=outer.line(key))
        for key in unknown
    ]
    if problems:
        raise _refusal(problems)


def _content(outer: Document) -> Document:
    if "yaml" in outer.data:
        text = outer.data["yaml"]
        if isinstance(text, str):
            return load_document(text, name=f"{outer.name}: yaml")
        problem = Problem(code=codes.INVALID_FIELD, path="yaml", message="yaml must be a text", line=outer.line("yaml"))
        raise _refusal([problem])
    component = outer.data["component"]
    if isinstance(component, dict):
        return Document.of(component, name=f"{outer.name}: component")
    problem = Problem(
        code=codes.INVALID_FIELD, path="component", message="component must be an object", line=outer.line("component")
    )
    raise _refusal([problem])


def _refusal(problems: list[Problem]) -> InvalidDefinitionError:
    texts = "; ".join(f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in problems)
    return InvalidDefinitionError(f"nothing was registered: {texts}", problems)
