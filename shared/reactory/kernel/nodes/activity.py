"""activity and user_activity: a worker or a person outside does something and answers (WH-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import ActivityConfig, Node, UserActivityConfig
from reactory.exceptions import ExpressionError
from reactory.kernel import waits
from reactory.kernel.nodes import text
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import NodeState, Wait

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """What a worker is told stands in ``live.config``: ``{parameters, heartbeat}``."""
    config = node.config
    assert isinstance(config, ActivityConfig)
    name = text.name(config.name, scope, f"activityName of '{path}'")
    parameters = machine.context.whole(config.parameters.render(scope))
    live.config = {"name": name, "parameters": parameters, "heartbeat": config.heartbeat}
    again(machine, path, node, live)


def again(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """One more attempt, for whichever worker takes it."""
    config = node.config
    assert isinstance(config, ActivityConfig)
    name = machine.context.deref(live.config)["name"]
    live.attempt += 1
    waits.open_wait(machine, path, live, Wait(waits.new_id(machine), "activity", name), config.timeout)


def start_user(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    """What the person sees stands in ``live.config``: ``{activityType, options, message, form}``."""
    config = node.config
    assert isinstance(config, UserActivityConfig)
    assignee = text.optional(config.assignee, scope, f"assignee of '{path}'")
    options = _options(config.options.render(scope), path)
    message = config.message.render(scope)
    escalation = config.escalation
    second = None if escalation is None else text.name(escalation.assignee, scope, f"escalation of '{path}': assignee")
    live.config = {
        "activityType": config.activity_type,
        "options": options,
        "message": message,
        "form": None if config.form is None else dict(config.form),
    }
    wait = Wait(waits.new_id(machine), "user", config.activity_type, assignee=assignee)
    waits.open_wait(machine, path, live, wait, config.timeout)
    if escalation is not None and second is not None:
        live.choice, live.due = second, machine.state.now + escalation.after


def _options(value: Any, path: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(option, str) and option for option in value):
        raise ExpressionError(f"options of '{path}' must be a list of non-empty strings, not {value!r}")
    return value
