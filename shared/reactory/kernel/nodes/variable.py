"""set_variable: computed by the kernel itself, needs no write of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import Node, SetVariableConfig
from reactory.exceptions import ExpressionError
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, SetVariableConfig)
    key = config.key.render(scope)
    if not isinstance(key, str) or not key:
        raise ExpressionError(f"key of '{path}' must be a non-empty string, not {key!r}")
    variables = machine.state.variables
    value: Any
    match config.action:
        case "get":
            value = machine.context.deref(variables.get(key))
        case "delete":
            value = variables.pop(key, None)
        case "set":
            value = variables[key] = _value(config, scope)
    machine.conclude(path, live, {"key": key, "value": value, "action": config.action})


def _value(config: SetVariableConfig, scope: KernelScope) -> Any:
    if config.source != "literal" and config.source_path is not None:
        return config.source_path.evaluate(scope)
    return config.value.render(scope)
