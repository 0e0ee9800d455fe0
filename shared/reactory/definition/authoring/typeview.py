"""What is known of the type of a value that will only exist at run time: a JSON Schema, and how to look into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactory.definition.language.functions import METHODS
from reactory.definition.wording import suggestion

JsonSchema = dict[str, Any]
Complaint = Callable[[str], None]

_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_KINDS = frozenset({"string", "number", "integer", "boolean", "object", "array"})


class TypeView:
    """``complain`` is told of a field that the type does not have; where nothing is known, nothing is wrong."""

    __slots__ = ("_complain", "_root", "schema")

    def __init__(self, schema: JsonSchema, complain: Complaint | None = None, root: JsonSchema | None = None) -> None:
        self._root = schema if root is None else root
        self._complain = complain
        self.schema = self._resolved(schema)

    @property
    def kind(self) -> str | None:
        """``string``, ``array`` …; None when it is not known, or not one."""
        return kind_of(self.schema)

    def field(self, name: str) -> TypeView:
        """The type of a field."""
        fields = self.schema.get("properties") or {}
        if name in fields:
            return self._of(fields[name])
        other = self.schema.get("additionalProperties")
        if isinstance(other, dict):
            return self._of(other)
        if fields and other is not True and self._complain and name not in METHODS and name not in _MACROS:
            title = self.schema.get("title") or "the value"
            self._complain(f"{title} has no field {name!r}; {suggestion(name, sorted(fields))}")
        return UNKNOWN

    def item(self) -> TypeView:
        """The type of an item of a list."""
        items = self.schema.get("items")
        return self._of(items) if isinstance(items, dict) else UNKNOWN

    def _of(self, schema: JsonSchema) -> TypeView:
        return TypeView(schema, self._complain, self._root)

    def _resolved(self, schema: JsonSchema) -> JsonSchema:
        """Through references, and through ``X | None``."""
        for _ in range(20):
            if (place := schema.get("$ref")) is not None:
                schema = (self._root.get("$defs") or {}).get(str(place).rpartition("/")[2], {})
            elif (members := schema.get("anyOf")) and len(given := [m for m in members if m != {"type": "null"}]) == 1:
                schema = given[0]
            else:
                break
        return schema


def kind_of(schema: JsonSchema) -> str | None:
    """The one type of what a schema takes, null aside."""
    kinds = schema.get("type")
    given = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind != "null"]
    if "enum" in schema and kinds is None:
        given = list(dict.fromkeys(value_kind(value) for value in schema["enum"] if value is not None))
    return given[0] if len(given) == 1 and given[0] in _KINDS else None


def value_kind(value: Any) -> str | None:
    """The type of a Python value; None for None and what has no JSON form."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case dict():
            return "object"
    return None


UNKNOWN = TypeView({})
"""Of an unknown type."""
