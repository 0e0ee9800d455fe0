"""A step's signature as JSON Schema."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import annotated_types
import msgspec
import pydantic
import pytest

from reactory import StepContext, step
from reactory.steps.decorator import MARK
from reactory.steps.function import StepFunction


class Typed(TypedDict):
    sku: str


@dataclass
class Data:
    inner: list[Typed]
    n: int = 1


class Struct(msgspec.Struct):
    x: float


class Model(pydantic.BaseModel):
    inner: Inner
    limit: int = pydantic.Field(default=1, gt=0)


class Inner(pydantic.BaseModel):
    name: str


class Colour(enum.Enum):
    RED = "red"


Model.model_rebuild()


def made(function: Any) -> StepFunction:
    found = getattr(step("t.step")(function), MARK)
    assert isinstance(found, StepFunction)
    return found


def test_the_input_schema_has_a_property_per_argument() -> None:
    """YF-1: names, types, defaults and what is required, without the context."""

    def function(ctx: StepContext, amount: float, currency: str = "EUR", tags: list[str] | None = None) -> None: ...

    assert made(function).input_schema() == {
        "type": "object",
        "properties": {
            "amount": {"type": "number"},
            "currency": {"type": "string", "default": "EUR"},
            "tags": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}], "default": None},
        },
        "required": ["amount"],
        "additionalProperties": False,
    }


def test_a_step_that_takes_anything_says_so() -> None:
    """YF-1: ``**more`` is open, and an argument without an annotation takes anything."""

    def function(known, **more: int) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    schema = made(function).input_schema()
    assert (schema["properties"], schema["additionalProperties"]) == ({"known": {}}, True)


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (int, {"type": "integer"}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Annotated[str, msgspec.Meta(min_length=2)], {"type": "string", "minLength": 2}),
        (Annotated[int, annotated_types.Gt(3)], {"type": "integer", "exclusiveMinimum": 3}),
        (Annotated[str, pydantic.Field(pattern="^a")], {"type": "string", "pattern": "^a"}),
        (Annotated[int, annotated_types.MinLen(3)], {"type": "integer"}),
        (Any, {}),
        (object, {}),
        (complex, {}),
        ("NotThere", {}),
        (list[complex], {}),
        (None, {"type": "null"}),
    ],
)
def test_annotations_become_schemas(annotation: Any, schema: dict[str, Any]) -> None:
    """YF-1: what has no JSON form takes anything; constraints of annotated-types and pydantic are understood."""

    def function(value: Any) -> Any: ...

    function.__annotations__ = {"value": annotation, "return": annotation}
    assert made(function).input_schema()["properties"]["value"] == schema
    assert made(function).output_schema() == schema


@pytest.mark.parametrize(
    ("annotation", "fields"),
    [(Typed, {"sku"}), (Data, {"inner", "n"}), (Struct, {"x"}), (Model, {"inner", "limit"}), (list[Model], None)],
)
def test_records_become_objects(annotation: Any, fields: set[str] | None) -> None:
    """YF-1: TypedDict, dataclass, msgspec Struct and pydantic model; every reference leads to a definition."""

    def function() -> Any: ...

    function.__annotations__ = {"return": annotation}
    schema = made(function).output_schema()
    places = schema.get("$defs", {})
    own = places[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if fields is not None:
        assert own["properties"].keys() == fields
    assert references(schema) <= {f"#/$defs/{name}" for name in places}


def references(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {found for item in schema for found in references(item)}
    if not isinstance(schema, dict):
        return set()
    own = {schema["$ref"]} if "$ref" in schema else set()
    return own | {found for item in schema.values() for found in references(item)}


def test_one_bad_annotation_spoils_no_other() -> None:
    """YF-1: a name that is nowhere, in the text of an annotation, leaves the others as they are."""

    def function(a: int, b: NotThere, c: Colour = Colour.RED) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    properties = made(function).input_schema()["properties"]
    assert (properties["a"], properties["b"], properties["c"]["default"]) == ({"type": "integer"}, {}, "red")
