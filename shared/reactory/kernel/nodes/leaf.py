"""task and custom: steps whose body runs outside of the kernel. Inputs are mapped before the body runs (WH-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import BuiltinConfig, CustomConfig, Node, TaskConfig
from reactory.kernel.nodes import guard_keys, text
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, TaskConfig | CustomConfig)
    _begin(machine, path, live, scope, config.config.render(scope))


def start_custom(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """A registered step of this name runs; otherwise the config is echoed."""
    config = node.config
    assert isinstance(config, CustomConfig)
    if config.handler is None:
        machine.conclude(path, live, config.config.render(scope))
    else:
        start(machine, path, node, live, scope)


def start_builtin(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """A step of the engine's own: its body gets the rendered config, and what was not to be rendered as it is."""
    config = node.config
    assert isinstance(config, BuiltinConfig)
    rendered = config.config.render(scope)
    _begin(machine, path, live, scope, {**rendered, **config.verbatim} if config.verbatim else rendered)


def _begin(machine: Machine, path: str, live: NodeState, scope: KernelScope, config: Any) -> None:
    node = machine.node(path)
    inputs = live.given
    if inputs is None:
        inputs = {} if node.inputs is None else node.inputs.render(scope)
    if node.cache is not None:
        live.cache_key = text.name(node.cache.key, scope, f"cache key of '{path}'")
    keys = {} if node.guards is None else guard_keys.of(machine, path, node.guards, scope, config)
    live.keys = keys
    live.input = inputs or None
    live.config = config or None
    live.attempt += 1
    machine.run_step(path, live)
