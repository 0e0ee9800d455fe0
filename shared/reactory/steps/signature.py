"""A step's signature as JSON Schema, for editors, for documentation and for checking workflows before they run."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.definition.annotation import annotation_schema, annotation_schemas, annotations_of

if TYPE_CHECKING:
    from reactory.steps.function import StepFunction

JsonSchema = dict[str, Any]


def input_schema(step: StepFunction) -> JsonSchema:
    """An object with a property per argument. An argument whose annotation has no JSON form takes anything."""
    annotations = annotations_of(step.function)
    named = [p for p in inspect.signature(step.function).parameters.values() if p.name in step.accepted]
    schemas, places = annotation_schemas([annotations.get(parameter.name, Any) for parameter in named])
    schema: JsonSchema = {
        "type": "object",
        "properties": {p.name: _with_default(own, p) for p, own in zip(named, schemas, strict=True)},
        "required": [parameter.name for parameter in named if parameter.name in step.required],
        "additionalProperties": step.is_open,
    }
    return {**schema, "$defs": places} if places else schema


def output_schema(step: StepFunction) -> JsonSchema:
    return annotation_schema(annotations_of(step.function).get("return", Any))


def _with_default(schema: JsonSchema, parameter: inspect.Parameter) -> JsonSchema:
    """The default where JSON can hold it."""
    if parameter.default is parameter.empty:
        return schema
    try:
        return {**schema, "default": msgspec.to_builtins(parameter.default)}
    except TypeError:
        return schema
