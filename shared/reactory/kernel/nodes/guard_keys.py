"""Under which keys the guards of a step know it: as the document says, or what the step reaches out to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reactory.definition.guards import BREAKER_KEY, BREAKER_KEY_RULE, BreakerRule, Guards
from reactory.exceptions import ExpressionError
from reactory.kernel.nodes import text
from reactory.kernel.paths import step_id
from reactory.kernel.rules import BEFORE_PLAIN_KEYS
from reactory.kernel.scope import KernelScope

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


def of(machine: Machine, path: str, guards: Guards, scope: KernelScope, config: Any) -> dict[str, str]:
    """By kind: ``circuit``, ``rate``, ``concurrency``. ``config`` is the step's, rendered."""
    keys: dict[str, str] = {}
    circuit = None if guards.breaker is None else _circuit(machine, path, guards.breaker, scope, config)
    if circuit is not None:
        keys["circuit"] = circuit
    for kind, rule in (("rate", guards.rate), ("concurrency", guards.slots)):
        if rule is not None:
            what = f"{kind} key of '{path}'"
            keys[kind] = text.label(text.name(rule.key, scope, what), what)
    return keys


def _circuit(machine: Machine, path: str, rule: BreakerRule, scope: KernelScope, config: Any) -> str | None:
    """None where the address names no host: such a step fails by itself."""
    if rule.key is not None:
        what = f"circuitBreaker key of '{path}'"
        key = text.label(text.name(rule.key, scope, what), what)
        if machine.context.rules.edition > BEFORE_PLAIN_KEYS and not BREAKER_KEY.match(key):
            raise ExpressionError(f"{what} {BREAKER_KEY_RULE}, not {key[:40]!r}")
        return key
    match rule.target:
        case "workflow":
            return f"workflow:{machine.program.id}"
        case "host":
            return _host(config.get("url"))
        case "service":
            service = config.get("service")
            return f"service:{service}"[: text.LONGEST] if isinstance(service, str) else None
    return f"step:{machine.program.id}:{step_id(path)}"


def _host(url: Any) -> str | None:
    try:
        host = urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None
    return f"host:{host}"[: text.LONGEST] if host and host.isprintable() and BREAKER_KEY.match(host) else None
