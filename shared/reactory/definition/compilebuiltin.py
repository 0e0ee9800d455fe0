"""The configs of the engine's own steps that run like a task, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reactory.definition.assembly import captured, evaluated, fixed, in_order, together
from reactory.definition.builtinslots import RULE_NAMES, field_expression, transformation_slots
from reactory.definition.expression import compile_expression
from reactory.definition.program import BuiltinConfig
from reactory.definition.sourcepath import source_expression
from reactory.definition.template import Template, compile_template

Raw = Mapping[str, Any]


def compile_builtin(kind: str, config: Raw) -> BuiltinConfig:
    return BuiltinConfig(f"reactory.{kind}", _config(kind, config))


def _config(kind: str, config: Raw) -> Template:
    match kind:
        case "validation":
            return _validation(config)
        case "data_transformation":
            return _transformations(config)
        case "cross_instance_variable" if (source := source_expression(config)) is not None:
            rest = {key: value for key, value in config.items() if key not in ("value", "source", "sourcePath")}
            parts = {key: compile_template(value) for key, value in rest.items()}
            return together({**parts, "value": evaluated(compile_expression(source))})
        case _:
            return compile_template(dict(config))


def _validation(config: Raw) -> Template:
    rules = config["rules"]
    customs = [compile_expression(source_text(rule["value"])) for rule in rules if rule["type"] == "custom"]
    return together(
        {
            "rules": in_order([_rule(rule) for rule in rules]),
            "stopOnFirstError": fixed(bool(config.get("stopOnFirstError"))),
            "scope": captured((custom, RULE_NAMES) for custom in customs),
        }
    )


def _rule(rule: Raw) -> Template:
    value = rule.get("value")
    return together(
        {
            "field": fixed(rule["field"]),
            "type": fixed(rule["type"]),
            "found": evaluated(compile_expression(field_expression(rule["field"]))),
            "value": fixed(source_text(value)) if rule["type"] == "custom" else compile_template(value),
            "message": compile_template(rule.get("message")),
        }
    )


def _transformations(config: Raw) -> Template:
    """The expressions as texts: they see the items, which are only there when the body runs."""
    transformations = config["transformations"]
    slots = [slot for slot in transformation_slots(transformations) if slot.kind == "expression"]
    return together(
        {
            "transformations": in_order([_transformation(entry) for entry in transformations]),
            "scope": captured((compile_expression(source_text(slot.value)), slot.names) for slot in slots),
        }
    )


def _transformation(entry: Raw) -> Template:
    config = entry.get("config") or {}
    source = entry.get("source")
    return together(
        {
            "operation": fixed(entry["operation"]),
            "source": fixed(None if source is None else source_text(source)),
            "target": fixed(entry.get("target")),
            "config": together({key: _option(key, value) for key, value in config.items()}),
        }
    )


def _option(key: str, value: Any) -> Template:
    if key == "initial":
        return compile_template(value)
    return fixed(source_text(value) if key in ("expression", "condition", "by", "with") else value)


def source_text(value: Any) -> str:
    """An expression field as the text of an expression: numbers, booleans and lists stand for themselves."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
