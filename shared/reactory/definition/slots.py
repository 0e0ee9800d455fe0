"""The places of a step that hold an expression or a template, found the same way by the validator and the compiler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from reactory.definition.builtinslots import builtin_slots
from reactory.definition.expression import Expression, compile_expression
from reactory.definition.slot import Slot, expression_slot, hole_slots
from reactory.definition.sourcepath import source_expression
from reactory.definition.steptree import mapping_or_empty
from reactory.definition.steptypes import BUILTIN
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


def step_slots(step: Mapping[str, Any]) -> Iterator[Slot]:
    """Everything of a step that is evaluated when it runs, but for the steps inside it."""
    yield from expression_slot(("condition",), step.get("condition"))
    yield from hole_slots(("inputs",), step.get("inputs"))
    yield from hole_slots(("cache", "key"), mapping_or_empty(step.get("cache")).get("key"))
    for guard in ("rateLimit", "concurrency", "circuitBreaker"):
        yield from hole_slots((guard, "key"), mapping_or_empty(step.get(guard)).get("key"))
    for name, source in mapping_or_empty(step.get("outputs")).items():
        yield from expression_slot(("outputs", name), source)
    kind = step.get("type")
    if isinstance(kind, str):
        yield from _config_slots(kind, mapping_or_empty(step.get("config")))


def _config_slots(kind: str, config: Mapping[str, Any]) -> Iterator[Slot]:
    if key := _EXPRESSIONS.get(kind):
        value = config.get(key)
        if kind == "for_each" and isinstance(value, list):
            yield Slot(("config", key), "expression", value)
        yield from expression_slot(("config", key), value)
    for key in _TEMPLATES.get(kind, ()):
        yield from hole_slots(("config", key), config.get(key))
    match kind:
        case "task" | "custom":
            yield from hole_slots(("config",), {key: value for key, value in config.items() if key != "handler"})
        case "user_activity":
            escalation = mapping_or_empty(config.get("escalation"))
            yield from hole_slots(("config", "escalation", "assignee"), escalation.get("assignee"))
        case "switch" if isinstance(cases := config.get("cases"), list):
            for number, case in enumerate(cases):
                yield from hole_slots(("config", "cases", number, "when"), mapping_or_empty(case).get("when"))
        case "set_variable" if (source := source_expression(config)) is not None:
            yield Slot(("config", "sourcePath"), "expression", source)
        case _ if kind in BUILTIN:
            yield from builtin_slots(kind, config)


def compile_slot(value: Any) -> Expression:
    """An expression field: bare, or wrapped in one ``${…}``; numbers, booleans and lists stand for themselves."""
    if isinstance(value, str):
        return compile_expression(value)
    if not compile_template(value).constant:
        raise ExpressionError(
            "a list with ${…} in it is no expression: write it bare, like [input.first, input.second]"
        )
    return compile_expression(msgspec.json.encode(value).decode())
