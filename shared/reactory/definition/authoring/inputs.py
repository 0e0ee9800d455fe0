"""The inputs of a workflow, as the parameters of its function declare them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from reactory.definition.annotation import annotation_schema, annotations_of, made_defaults
from reactory.definition.authoring.typeview import TypeView, kind_of

Declared = dict[str, dict[str, Any]]

_WHOLE = "input"
_VALIDATION = {
    "pattern": "pattern",
    "minLength": "minLength",
    "maxLength": "maxLength",
    "minItems": "minLength",
    "maxItems": "maxLength",
    "minimum": "minimum",
    "maximum": "maximum",
    "enum": "enum",
}


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """One input, declared by hand: ``inputs={"email": Input("string", required=True)}``."""

    type: Literal["string", "number", "integer", "boolean", "object", "array"]
    description: str | None = None
    required: bool = False
    default: Any = None
    validation: dict[str, Any] | None = None


class Parameters(NamedTuple):
    """``declared`` inputs, the JSON Schema of all, and how the function is to be called with the root of the input."""

    declared: Declared
    schema: dict[str, Any]
    arguments: Callable[[Any], dict[str, Any]]
    problems: tuple[str, ...] = ()


def read_parameters(function: Callable[..., Any], around: Mapping[str, Any]) -> Parameters:
    """All parameters but the first, which is the Flow.

    A single one that is called ``input``, or whose type is a record (dataclass, TypedDict, Struct, pydantic model), is
    the whole input. Otherwise each is an input by itself, required unless it has a default or takes None.
    """
    annotations = annotations_of(function, around)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    if not parameters:
        return Parameters({}, {}, lambda _root: {})
    first = parameters[0]
    schema = annotation_schema(annotations.get(first.name, Any))
    if len(parameters) == 1 and (first.name == _WHOLE or TypeView(schema).schema.get("properties")):
        declared, problems = _record_inputs(schema, made_defaults(annotations.get(first.name)))
        return Parameters(declared, _open(schema), lambda root: {first.name: root}, problems)
    return _separate(parameters, annotations)


def _separate(parameters: list[inspect.Parameter], annotations: Mapping[str, Any]) -> Parameters:
    fields: dict[str, Any] = {}
    places: dict[str, Any] = {}
    required: list[str] = []
    for parameter in parameters:
        schema = annotation_schema(annotations.get(parameter.name, Any))
        places |= schema.pop("$defs", {})
        if parameter.default is not parameter.empty:
            schema = {**schema, "default": parameter.default}
        elif type(None) not in get_args(annotations.get(parameter.name)):
            required.append(parameter.name)
        fields[parameter.name] = schema
    schema = {"type": "object", "properties": fields, "required": required, "$defs": places}
    declared, problems = _record_inputs(schema, {})
    return Parameters(declared, _open(schema), lambda root: {name: root[name] for name in fields}, problems)


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """An input that is not declared is told by the validation of the document, like in any other notation."""
    return {**TypeView(schema).schema, "additionalProperties": True, "$defs": schema.get("$defs", {})}


def _record_inputs(schema: dict[str, Any], made: Mapping[str, Any]) -> tuple[Declared, tuple[str, ...]]:
    view = TypeView(schema)
    required = view.schema.get("required", ())
    declared: Declared = {}
    problems = []
    for name, own in (view.schema.get("properties") or {}).items():
        inner = view.field(name).schema
        kind = kind_of(inner) or ("object" if "properties" in inner else None)
        if kind is None:
            problems.append(
                f"the input {name!r} has no type: annotate it with str, int, float, bool, list, dict or a class"
            )
            continue
        declared[name] = _declared(
            kind, {**inner, **_default(name, made), **own}, required=name in required and not _takes_none(own)
        )
    return declared, tuple(problems)


def _default(name: str, made: Mapping[str, Any]) -> dict[str, Any]:
    return {"default": made[name]} if name in made else {}


def _declared(kind: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    declared: dict[str, Any] = {"type": kind}
    if "description" in schema:
        declared["description"] = schema["description"]
    if required:
        declared["required"] = True
    if schema.get("default") is not None:
        declared["default"] = msgspec.to_builtins(schema["default"])
    if validation := _validation(schema, kind):
        declared["validation"] = validation
    return declared


def _validation(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    rules = {_VALIDATION[key]: schema[key] for key in _VALIDATION if key in schema}
    if kind == "integer":
        rules |= {"minimum": schema["exclusiveMinimum"] + 1} if "exclusiveMinimum" in schema else {}
        rules |= {"maximum": schema["exclusiveMaximum"] - 1} if "exclusiveMaximum" in schema else {}
    if "enum" in rules:
        rules["enum"] = [value for value in rules["enum"] if value is not None]
    return rules


def _takes_none(schema: dict[str, Any]) -> bool:
    return {"type": "null"} in schema.get("anyOf", ()) or None in schema.get("enum", ())


def input_documents(inputs: Mapping[str, Any]) -> Declared:
    """Inputs declared by hand, as the document has them."""
    return {
        name: msgspec.to_builtins(declared) if isinstance(declared, Input) else dict(declared)
        for name, declared in inputs.items()
    }
