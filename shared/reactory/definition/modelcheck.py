"""What a model finds wrong with a part of a document: fields that are missing, unknown, of a wrong type or out of bounds."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reactory.definition.codes import INVALID_FIELD, MISSING_FIELD, UNKNOWN_FIELD
from reactory.definition.fields import Shape
from reactory.definition.finding import Finding
from reactory.definition.location import Path
from reactory.definition.wording import brief, shown, suggestion

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def check_shape(model: type[Shape], value: Any, path: Path) -> Iterator[Finding]:
    """What ``model`` finds wrong with ``value``, which stands at ``path``."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield _finding(model, detail, path)


def _finding(model: type[Shape], detail: ErrorDetails, path: Path) -> Finding:
    where: Path = (*path, *detail["loc"])
    name = brief(str(where[-1])) if where else ""
    kind, context = detail["type"], detail.get("ctx") or {}
    if "said" in context:
        field = context.get("field")
        return Finding(kind, (*where, field) if field else where, context["said"])
    if kind == "missing":
        return Finding(MISSING_FIELD, where, f"`{name}` is missing: it is required here")
    if kind == "extra_forbidden":
        allowed = fields_at(model, detail["loc"][:-1])
        advice = suggestion(name, allowed) if allowed else "nothing can be configured, remove it"
        return Finding(UNKNOWN_FIELD, where, f"`{name}` is not a field here; {advice}")
    if kind in _WANTED:
        return Finding(INVALID_FIELD, where, f"{shown(detail['input'])} is not valid here: give {_WANTED[kind]}")
    if kind == "literal_error":
        return Finding(INVALID_FIELD, where, f"{shown(detail['input'])} is not valid here: give {context['expected']}")
    if kind in {"too_short", "string_too_short"}:
        return Finding(INVALID_FIELD, where, f"`{name}` is empty: give at least one")
    return Finding(INVALID_FIELD, where, detail["msg"])


def fields_at(model: type[Shape], location: tuple[int | str, ...]) -> list[str]:
    """The names that the model at this location takes: the schema is followed along the location."""
    schema = _schema(model)
    here: Any = schema
    for part in location:
        here = _resolved(schema, here)
        if isinstance(part, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(part, here.get("additionalProperties", {}))
    return list(_resolved(schema, here).get("properties", {}))


@functools.cache
def _schema(model: type[Shape]) -> dict[str, Any]:
    return model.model_json_schema()


def _resolved(schema: dict[str, Any], node: Any) -> dict[str, Any]:
    """What a node stands for: behind a ``$ref``, or the part of an optional one that is not null."""
    while isinstance(node, dict) and ("$ref" in node or "anyOf" in node):
        if "$ref" in node:
            node = schema.get("$defs", {}).get(node["$ref"].rsplit("/", 1)[-1], {})
        else:
            node = next((part for part in node["anyOf"] if part.get("type") != "null"), {})
    return node if isinstance(node, dict) else {}
