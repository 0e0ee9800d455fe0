"""Python annotations as JSON Schema: the types of a step's arguments and of a workflow's inputs."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

import msgspec

JsonSchema = dict[str, Any]

_PLACE = "#/$defs/{name}"
_BOUNDS = {
    "gt": "gt",
    "ge": "ge",
    "lt": "lt",
    "le": "le",
    "multiple_of": "multiple_of",
    "min_length": "min_length",
    "max_length": "max_length",
    "pattern": "pattern",
    "description": "description",
}
"""Attributes of the constraints of annotated-types and of pydantic, as ``msgspec.Meta`` calls them."""


def annotation_schemas(annotations: Sequence[Any]) -> tuple[list[JsonSchema], dict[str, JsonSchema]]:
    """One schema per annotation, and the ``$defs`` that they refer to. ``{}``, which takes anything, where an annotation
    has no JSON form or could not be evaluated.
    """
    plain = [_constrained(annotation) for annotation in annotations]
    known = [annotation if _is_supported(annotation) else Any for annotation in plain]
    places: dict[str, JsonSchema] = {}
    schemas, found = msgspec.json.schema_components(known, schema_hook=_hook(places), ref_template=_PLACE)
    return list(schemas), {**places, **found}


def annotation_schema(annotation: Any) -> JsonSchema:
    """One schema by itself, with the ``$defs`` that it refers to."""
    (schema,), places = annotation_schemas([annotation])
    return {**schema, "$defs": places} if places else schema


def annotations_of(function: Callable[..., Any], around: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A function's annotations, evaluated one by one: where one fails, it stays the text that it was.

    ``around`` holds the names that are local where the function was written.
    """
    inner = inspect.unwrap(function)
    try:
        return inspect.get_annotations(inner, locals=around, eval_str=True)
    except Exception:  # noqa: BLE001 - an annotation is any expression
        texts = inspect.get_annotations(inner)
    names = getattr(inner, "__globals__", {})
    return {name: _evaluated(text, names, around) for name, text in texts.items()}


def made_defaults(kind: Any) -> dict[str, Any]:
    """The defaults of a record's fields that a function makes anew each time (``field(default_factory=list)``): schemas do
    not tell them.
    """
    if dataclasses.is_dataclass(kind):
        found = {each.name: each.default_factory for each in dataclasses.fields(kind)}
    else:
        found = {name: each.default_factory for name, each in getattr(kind, "model_fields", {}).items()}
    missing = (None, dataclasses.MISSING)
    return {name: make() for name, make in found.items() if make not in missing and callable(make)}


def _evaluated(annotation: Any, names: dict[str, Any], around: Mapping[str, Any] | None) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, names, dict(around or {}))  # noqa: S307 - the source of the function itself
    except Exception:  # noqa: BLE001 - the same
        return annotation


def _hook(places: dict[str, JsonSchema]) -> Callable[[type], JsonSchema]:
    """What msgspec does not know: pydantic's models, whose own ``$defs`` are put beside all others."""

    def describe(kind: type) -> JsonSchema:
        build = getattr(kind, "model_json_schema", None)
        if build is None:
            raise NotImplementedError
        schema: JsonSchema = build(ref_template="#/$defs/{model}")
        places.update(schema.pop("$defs", {}))
        return schema

    return describe


def _is_supported(annotation: Any) -> bool:
    try:
        msgspec.json.schema_components([annotation], schema_hook=_hook({}))
    except Exception:  # noqa: BLE001 - a class of somebody's may raise anything while it is looked at
        return False
    return True


def _constrained(annotation: Any) -> Any:
    """``Annotated`` with the constraints of other libraries in msgspec's words."""
    if get_origin(annotation) is not Annotated:
        return annotation
    base, *notes = get_args(annotation)
    bounds = [note for each in notes for note in (each, *getattr(each, "metadata", ()))]
    told = {
        word: value
        for note in bounds
        if not isinstance(note, msgspec.Meta)
        for name, word in _BOUNDS.items()
        if (value := getattr(note, name, None)) is not None
    }
    if not told:
        return annotation
    own = [note for note in notes if isinstance(note, msgspec.Meta)]
    try:
        candidate = Annotated[base, *own, msgspec.Meta(**told)]  # type: ignore[valid-type]
        msgspec.json.schema_components([candidate], schema_hook=_hook({}))
    except Exception:  # noqa: BLE001 - bounds that do not fit the type: it is described without them
        return base
    return candidate
