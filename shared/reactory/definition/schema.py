"""The JSON Schema of workflow documents, for editors that check while one writes."""

from __future__ import annotations

from typing import Any

from reactory.definition.fields import STEP_PLACE
from reactory.definition.models import WorkflowModel
from reactory.definition.stepmodels import CONFIGS, StepModel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_STEP = {"$ref": "#/$defs/Step"}


def export_schema() -> dict[str, Any]:
    """Describes what the models check; what needs the whole document (order, references) is not in it."""
    definitions: dict[str, Any] = {}
    workflow = _taken_apart(WorkflowModel.model_json_schema(), definitions)
    step = _taken_apart(StepModel.model_json_schema(), definitions)
    step["properties"]["type"] = {"enum": list(CONFIGS)}
    step["allOf"] = []
    for kind, model in CONFIGS.items():
        name = f"{kind}-config"
        definitions[name] = _taken_apart(model.model_json_schema(), definitions)
        needs: dict[str, Any] = {"properties": {"config": {"$ref": f"#/$defs/{name}"}}}
        if definitions[name].get("required"):
            needs["required"] = ["config"]
        step["allOf"].append({"if": {"properties": {"type": {"const": kind}}}, "then": needs})
    definitions["Step"] = step
    return {"$schema": _DIALECT, **_referring(workflow), "$defs": _referring(definitions)}


def _taken_apart(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema without its definitions, which move to those of all."""
    definitions.update(schema.pop("$defs", {}))
    return schema


def _referring(node: Any) -> Any:
    """With the place of each step filled."""
    if node == STEP_PLACE:
        return _STEP
    if isinstance(node, dict):
        return {key: _referring(value) for key, value in node.items()}
    return [_referring(item) for item in node] if isinstance(node, list) else node
