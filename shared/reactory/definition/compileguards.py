"""Retry policies, time-out policies and guards of steps, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.definition.duration import parse_duration
from reactory.definition.guards import BreakerRule, Guards, RateRule, SlotRule, Target
from reactory.definition.policy import DEFAULT_RETRY, POLICIES, NamedPolicy, RetryPolicy, TimeoutPolicy
from reactory.definition.template import compile_template

Raw = Mapping[str, Any]

_RETRY_FIELDS = {
    "maxAttempts": "max_attempts",
    "backoffStrategy": "backoff",
    "initialDelay": "initial_delay",
    "maxDelay": "max_delay",
    "multiplier": "multiplier",
    "jitter": "jitter",
    "retryOnErrors": "retry_on_errors",
}
_TARGETS: dict[str, Target] = {"api_call": "host", "service_invoke": "service"}
"""Types with a breaker of their own accord."""


def compile_policy(declared: Raw | str, own: Mapping[str, RetryPolicy]) -> RetryPolicy | NamedPolicy:
    """``own`` are the policies that the document defines. A name that is nobody's here is the configuration's."""
    if isinstance(declared, str):
        declared = {"policy": declared}
    changes = retry_changes(declared)
    name = declared.get("policy")
    base = DEFAULT_RETRY if name is None else own.get(name) or POLICIES.get(name)
    return NamedPolicy(name or "", changes) if base is None else _changed(base, changes)


def retry_changes(declared: Raw) -> dict[str, Any]:
    """The fields of a RetryPolicy that the declaration gives."""
    changes = {ours: declared[field] for field, ours in _RETRY_FIELDS.items() if declared.get(field) is not None}
    if "multiplier" in changes:
        changes["multiplier"] = float(changes["multiplier"])
    if "retry_on_errors" in changes:
        changes["retry_on_errors"] = tuple(changes["retry_on_errors"])
    return changes


def own_policies(metadata: Raw) -> dict[str, RetryPolicy]:
    """``metadata.retryPolicies``."""
    declared = metadata.get("retryPolicies") or {}
    return {name: _changed(DEFAULT_RETRY, retry_changes(policy)) for name, policy in declared.items()}


def _changed(policy: RetryPolicy, changes: Mapping[str, Any]) -> RetryPolicy:
    from dataclasses import replace

    return replace(policy, **changes)


def compile_timeout(declared: Raw | None) -> TimeoutPolicy | None:
    if declared is None:
        return None
    given = {key: declared[key] for key in ("multiplier", "max") if declared.get(key) is not None}
    return TimeoutPolicy(declared["strategy"], **given)


def compile_guards(step: Raw, workflow: Raw | bool | None) -> Guards | None:
    """The guards of a step; ``workflow`` is ``metadata.circuitBreaker``. None: it has none."""
    rate, slots = step.get("rateLimit"), step.get("concurrency")
    breaker = _breaker(step["type"], step.get("circuitBreaker"), workflow)
    if rate is None and slots is None and breaker is None:
        return None
    return Guards(
        breaker=breaker,
        rate=None if rate is None else RateRule(compile_template(rate["key"]), rate["limit"], _ms(rate["per"])),
        slots=None if slots is None else SlotRule(compile_template(slots["key"]), slots["limit"]),
    )


def _breaker(kind: str, declared: Raw | bool | None, workflow: Raw | bool | None) -> BreakerRule | None:
    if declared is False:
        return None
    if declared is not None:
        return _rule(_TARGETS.get(kind, "step"), declared)
    if kind in _TARGETS:
        return BreakerRule(_TARGETS[kind])
    if kind == "task" and workflow not in (None, False):
        return _rule("workflow", workflow)
    return None


def _rule(target: Target, declared: Raw | bool | None) -> BreakerRule:
    given: Raw = declared if isinstance(declared, Mapping) else {}
    counts = {"failureThreshold": "failure_threshold", "halfOpenMaxAttempts": "half_open_max_attempts"}
    counts |= {"successThreshold": "success_threshold"}
    found = {ours: given[field] for field, ours in counts.items() if given.get(field) is not None}
    times = {"window": "window", "recoveryTime": "recovery_time"}
    found |= {ours: _ms(given[field]) for field, ours in times.items() if given.get(field) is not None}
    key = given.get("key")
    return BreakerRule(target, None if key is None else compile_template(key), **found)


def _ms(value: int | str) -> int:
    return parse_duration(value) if isinstance(value, str) else value
