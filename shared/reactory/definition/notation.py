"""YAML and JSON text turned into plain data with the line of every value.

Both notations are read as a stream of events into one builder (``tree``). Aliases are allowed, but bounded in number and
depth; a second document, a key given twice and YAML's own types are problems.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from reactory.definition.codes import INVALID_FIELD
from reactory.definition.scalar import finite, integer, resolve_scalar
from reactory.definition.tree import Content, NotationError, TreeBuilder

__all__ = ["Content", "NotationError", "read_json", "read_yaml"]

# libyaml reads a megabyte in a second; the parser in Python, which says the same, takes ten times as long
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_JSON_TOKEN = re.compile(r'[ \t\r]*(?:(\n)|([{}\[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}\[\],:"]+))')


def read_yaml(text: str) -> Content:
    """One YAML document. NotationError when there is none, or more than one, or the text is no YAML."""
    if (half := _HALF_PAIR.search(text)) is not None:
        line = text.count("\n", 0, half.start()) + 1
        raise NotationError("half of a surrogate pair is no character; remove it", line)
    builder = TreeBuilder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            _feed(builder, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        at = min(mark.line, text.count("\n")) + 1 if mark else None  # libyaml points behind the end
        raise NotationError(f"this is no valid YAML: {said}", at) from error
    except yaml.YAMLError as error:
        raise NotationError(f"this is no valid YAML: {str(error).splitlines()[0]}") from error  # a control character
    return builder.finish()


def _feed(builder: TreeBuilder, event: yaml.Event) -> None:
    line = event.start_mark.line + 1 if event.start_mark else 1
    match event:
        case yaml.DocumentStartEvent():
            builder.start_document(line)
        case yaml.MappingStartEvent():
            _check_tag(builder, event.tag, "map", line)
            builder.start_mapping(line, event.anchor)
        case yaml.SequenceStartEvent():
            _check_tag(builder, event.tag, "seq", line)
            builder.start_sequence(line, event.anchor)
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            builder.end()
        case yaml.AliasEvent():
            builder.alias(str(event.anchor), line)
        case yaml.ScalarEvent():
            plain = event.implicit[0] and event.tag is None
            try:
                value = _scalar(event) if not builder.expects_key else event.value
            except ValueError as error:
                builder.problem(INVALID_FIELD, str(error), line)
                value = None
            builder.scalar(value, line, anchor=event.anchor, merge=plain and event.value == "<<")
        case _:
            pass


def _scalar(event: yaml.ScalarEvent) -> Any:
    """A word by YAML 1.2's rules; a quoted one is text. The standard tags are obeyed, others refused."""
    if event.tag is None or event.tag == "!":
        return resolve_scalar(event.value) if event.implicit[0] else event.value
    match event.tag.removeprefix(_TAG):
        case "str":
            return event.value
        case "int":
            return integer(event.value)
        case "float":
            return finite(event.value)
        case "bool" | "null":
            return resolve_scalar(event.value)
    raise ValueError(f"the type {event.tag!r} is not supported; write plain text, numbers, lists and mappings")


def _check_tag(builder: TreeBuilder, tag: str | None, expected: str, line: int) -> None:
    if tag not in (None, "!", _TAG + expected):
        builder.problem(INVALID_FIELD, f"the type {tag!r} is not supported; remove it", line)


def read_json(text: str) -> Content:
    """One JSON document. NotationError with the line when the text is no JSON."""
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=str)
    except json.JSONDecodeError as error:
        raise NotationError(f"this is no valid JSON: {error.msg} (column {error.colno})", error.lineno) from error
    except ValueError as error:
        raise NotationError(f"this is no valid JSON: {error}") from error
    except RecursionError as error:
        raise NotationError("the document is nested too deeply") from error
    builder = TreeBuilder()
    builder.start_document(1)
    for line, token in _tokens(text):
        _feed_json(builder, token, line)
    return builder.finish()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Each token with its line. Only for text that was found valid: it does not look at the grammar."""
    line = 1
    for match in _JSON_TOKEN.finditer(text):
        if match.group(1):
            line += 1
        else:
            yield line, match.group(2) or match.group(3) or match.group(4)


def _feed_json(builder: TreeBuilder, token: str, line: int) -> None:
    match token[0]:
        case "{":
            builder.start_mapping(line)
        case "[":
            builder.start_sequence(line)
        case "}" | "]":
            builder.end()
        case "," | ":":
            pass
        case '"':
            builder.scalar(json.loads(token), line)
        case _:
            try:
                value = resolve_scalar(token)
            except ValueError as error:
                builder.problem(INVALID_FIELD, str(error), line)
                value = None
            builder.scalar(value, line)
