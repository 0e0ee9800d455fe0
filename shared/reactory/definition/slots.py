"""The places of a step that hold an expression or a template, found the same way by the validator and the compiler."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from reactory.definition.expression import Expression, compile_expression
from reactory.definition.location import Path
from reactory.definition.steptree import mapping_or_empty
from reactory.definition.template import compile_template
from reactory.exceptions import ExpressionError

_EXPRESSIONS = {
    "condition": "condition",
    "switch": "value",
    "for_each": "items",
    "while": "condition",
    "recur": "until",
    "wait_event": "eventKey",
    "emit_event": "eventKey",
}
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "log": ("message", "data"),
    "set_variable": ("key", "value"),
    "delay": ("duration", "durationText", "until", "reason"),
    "schedule": ("duration", "durationText"),
    "recur": ("interval",),
    "wait_event": ("eventName", "effectiveDate"),
    "emit_event": ("eventName", "data"),
    "activity": ("activityName", "parameters"),
    "user_activity": ("assignee", "options", "message"),
    "invoke_workflow": ("workflowId", "workflowNameSpace", "workflowName", "workflowVersion", "input"),
}
_SOURCES = {"step_output": "steps", "input": "input", "env": "env"}
_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


class Slot(NamedTuple):
    """``path`` is relative to the step. A ``source`` is the path of a set_variable, already an expression."""

    path: Path
    kind: Literal["expression", "template"]
    value: Any


def step_slots(step: Mapping[str, Any]) -> Iterator[Slot]:
    """Everything of a step that is evaluated when it runs, but for the steps inside it."""
    yield from _expression(("condition",), step.get("condition"))
    yield from _holes(("inputs",), step.get("inputs"))
    yield from _holes(("cache", "key"), mapping_or_empty(step.get("cache")).get("key"))
    for name, source in mapping_or_empty(step.get("outputs")).items():
        yield from _expression(("outputs", name), source)
    kind = step.get("type")
    if isinstance(kind, str):
        yield from _config_slots(kind, mapping_or_empty(step.get("config")))


def _config_slots(kind: str, config: Mapping[str, Any]) -> Iterator[Slot]:
    if key := _EXPRESSIONS.get(kind):
        value = config.get(key)
        if kind == "for_each" and isinstance(value, list):
            yield Slot(("config", key), "expression", value)
        yield from _expression(("config", key), value)
    for key in _TEMPLATES.get(kind, ()):
        yield from _holes(("config", key), config.get(key))
    match kind:
        case "task" | "custom":
            yield from _holes(("config",), {key: value for key, value in config.items() if key != "handler"})
        case "user_activity":
            escalation = mapping_or_empty(config.get("escalation"))
            yield from _holes(("config", "escalation", "assignee"), escalation.get("assignee"))
        case "switch" if isinstance(cases := config.get("cases"), list):
            for number, case in enumerate(cases):
                yield from _holes(("config", "cases", number, "when"), mapping_or_empty(case).get("when"))
        case "set_variable" if (source := source_expression(config)) is not None:
            yield Slot(("config", "sourcePath"), "expression", source)


def _expression(path: Path, value: Any) -> Iterator[Slot]:
    """A field that is an expression; nothing, when it is absent or of a wrong type, which its shape tells."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and value.strip()):
        yield Slot(path, "expression", value)


def _holes(path: Path, value: Any) -> Iterator[Slot]:
    """The texts in a value that may have a ``${…}``, each at its own path."""
    if isinstance(value, str):
        if "${" in value:
            yield Slot(path, "template", value)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _holes((*path, number), item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _holes((*path, key), item)


def source_expression(config: Mapping[str, Any]) -> str | None:
    """What a set_variable takes its value from, as an expression; None when it sets a literal.

    ``step_output`` with ``pay.outputs.id`` is ``steps.pay.outputs.id``. A path that names its root already keeps it.
    """
    root, path = _SOURCES.get(str(config.get("source"))), config.get("sourcePath")
    if config.get("action") != "set" or root is None or not isinstance(path, str):
        return None
    if "[" in path or "(" in path:
        return path if path.startswith(f"{root}.") else f"{root}.{path}"
    first, *rest = path.split(".")
    parts = rest if first == root or (root == "input" and first == "inputs") else [first, *rest]
    return root + "".join(_access(part) for part in parts)


def _access(part: str) -> str:
    if _IDENTIFIER.match(part):
        return f".{part}"
    if part.isascii() and part.isdigit():
        return f"[{int(part)}]"
    return f"[{msgspec.json.encode(part).decode()}]"


def compile_slot(value: Any) -> Expression:
    """An expression field: bare, or wrapped in one ``${…}``; numbers, booleans and lists stand for themselves."""
    if isinstance(value, str):
        return compile_expression(value)
    if not compile_template(value).constant:
        raise ExpressionError(
            "a list with ${…} in it is no expression: write it bare, like [input.first, input.second]"
        )
    return compile_expression(msgspec.json.encode(value).decode())
