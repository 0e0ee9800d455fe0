"""The places of the engine's own steps that hold an expression or a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reactory.definition.location import Path
from reactory.definition.slot import Slot, expression_slot, hole_slots
from reactory.definition.sourcepath import source_expression
from reactory.definition.steptree import mapping_or_empty

ITEM_NAMES = frozenset({"item", "index"})
OPERATION_NAMES: dict[str, frozenset[str]] = {
    "map": ITEM_NAMES,
    "filter": ITEM_NAMES,
    "sort": ITEM_NAMES,
    "group": ITEM_NAMES,
    "reduce": ITEM_NAMES | {"accumulator"},
    "custom": frozenset({"source"}),
}
"""What the expression of each operation sees beside the scope of the step."""

RULE_NAMES = frozenset({"value"})
_EXPRESSIONS = {"map": "expression", "filter": "condition", "reduce": "expression", "sort": "by", "group": "by"}


def builtin_slots(kind: str, config: Mapping[str, Any]) -> Iterator[Slot]:
    match kind:
        case "validation":
            yield from _rules(config.get("rules"))
        case "data_transformation":
            yield from transformation_slots(config.get("transformations"))
        case "cross_instance_variable" if (source := source_expression(config)) is not None:
            yield from hole_slots(("config", "key"), config.get("key"))
            yield Slot(("config", "sourcePath"), "expression", source)
        case _:
            yield from hole_slots(("config",), config)


def field_expression(field: str | float) -> str:
    """The value of a rule's field, null where it is missing."""
    inner = str(field).lower() if isinstance(field, bool) else str(field).strip()
    if inner.startswith("${") and inner.endswith("}"):
        inner = inner[2:-1]
    return f"({inner}) ?? null"


def _rules(rules: Any) -> Iterator[Slot]:
    for number, entry in enumerate(rules if isinstance(rules, list) else ()):
        rule, path = mapping_or_empty(entry), ("config", "rules", number)
        if isinstance(field := rule.get("field"), str) and field.strip():
            yield Slot((*path, "field"), "expression", field_expression(field))
        if rule.get("type") == "custom":
            yield from expression_slot((*path, "value"), rule.get("value"), RULE_NAMES)
        else:
            yield from hole_slots((*path, "value"), rule.get("value"))
        yield from hole_slots((*path, "message"), rule.get("message"))


def transformation_slots(transformations: Any) -> Iterator[Slot]:
    """Each expression with the names that it sees: the targets above it, and those of its operation."""
    targets: frozenset[str] = frozenset()
    for number, entry in enumerate(transformations if isinstance(transformations, list) else ()):
        transformation, path = mapping_or_empty(entry), ("config", "transformations", number)
        yield from _source((*path, "source"), transformation.get("source"), targets)
        yield from _operation((*path, "config"), transformation, targets)
        if isinstance(target := transformation.get("target"), str):
            targets |= {target}


def _operation(path: Path, transformation: Mapping[str, Any], targets: frozenset[str]) -> Iterator[Slot]:
    operation, config = transformation.get("operation"), mapping_or_empty(transformation.get("config"))
    if not isinstance(operation, str):
        return
    names = targets | OPERATION_NAMES.get(operation, frozenset())
    if operation == "custom":
        yield from expression_slot((*path, "expression"), config.get("expression"), names)
    elif key := _EXPRESSIONS.get(operation):
        yield from expression_slot((*path, key), config.get(key), names)
    if operation == "merge":
        yield from _source((*path, "with"), config.get("with"), targets)
    if operation == "reduce":
        yield from hole_slots((*path, "initial"), config.get("initial"))


def _source(path: Path, value: Any, names: frozenset[str]) -> Iterator[Slot]:
    """An expression, or a list that stands for itself."""
    if isinstance(value, list):
        yield Slot(path, "expression", value, names)
    else:
        yield from expression_slot(path, value, names)
