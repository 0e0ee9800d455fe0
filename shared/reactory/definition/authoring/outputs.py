"""The outputs of a workflow, as its function returns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from reactory.definition.authoring.expression import view_of
from reactory.definition.authoring.typeview import TypeView
from reactory.definition.authoring.value import expression_value


class Output(msgspec.Struct, frozen=True):
    """One output with its type: ``return {"total": Output(quote.total, "number")}``."""

    source: Any
    type: Literal["string", "number", "integer", "boolean", "object", "array"] | None = None
    description: str | None = None


def output_documents(outputs: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Outputs as the document has them. The type is the one that is given, else that of the annotation of the return
    value (``schema``), else that of the expression, else ``object``.
    """
    view = TypeView(schema)
    return {name: _document(value, view.field(name).kind) for name, value in outputs.items()}


def _document(value: Any, kind: str | None) -> dict[str, Any]:
    output = value if isinstance(value, Output) else Output(value)
    source = expression_value(output.source)
    declared: dict[str, Any] = {
        "type": output.type or kind or view_of(output.source).kind or "object",
        "source": source if isinstance(source, str) else str(source).lower(),
    }
    return declared if output.description is None else {**declared, "description": output.description}
