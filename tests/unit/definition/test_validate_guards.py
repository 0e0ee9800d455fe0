"""Problems of retry policies by name, time-out policies and guards; and what they compile to."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import msgspec
import pytest

from reactory.definition.compile import compile_document
from reactory.definition.guards import BreakerRule
from reactory.definition.policy import POLICIES, NamedPolicy, RetryPolicy, TimeoutPolicy
from reactory.definition.program import Node
from reactory.definition.schema import export_schema
from reactory.definition.validate import validate

TASK: dict[str, Any] = {"id": "a", "type": "task", "config": {"handler": "h"}}


def document(step: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"nameSpace": "acme", "name": "Flow", "version": "1.0.0", "metadata": metadata, "steps": [step]}


def found(data: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in validate(data, **more)]


def node(step: dict[str, Any], **metadata: Any) -> Node:
    return compile_document(document(TASK | step, **metadata)).root.nodes[0]


GOOD: list[dict[str, Any]] = [
    {"retryPolicy": "NETWORK"},
    {"retryPolicy": {"policy": "DEFAULT", "maxAttempts": 2}},
    {"timeoutPolicy": {"strategy": "adaptive"}},
    {"timeoutPolicy": {"strategy": "progressive", "multiplier": 1, "max": 1}},
    {"rateLimit": {"key": "k", "limit": 1, "per": 1}},
    {"rateLimit": {"key": "k-${input.x}", "limit": 1000, "per": "1m"}},
    {"concurrency": {"key": "k", "limit": 1000}},
    {"circuitBreaker": True},
    {"circuitBreaker": False},
    {"circuitBreaker": {"key": "bank:eu-${input.x / 2}"}},
    {"circuitBreaker": {"key": "k", "failureThreshold": 1, "window": "5s", "recoveryTime": 5000}},
]


@pytest.mark.parametrize("step", GOOD)
def test_what_is_right_has_no_problem(step: dict[str, Any]) -> None:
    """EH-10, EH-12, CB-6: for the validator and for an editor that goes by the JSON Schema."""
    data = document(TASK | step)
    assert found(data) == []
    assert jsonschema_rs.is_valid(export_schema(), data)


@pytest.mark.parametrize(
    ("step", "code", "path"),
    [
        ({"retryPolicy": "NETWROK"}, "UNKNOWN_POLICY", "steps[0].retryPolicy"),
        ({"retryPolicy": {"policy": "x"}}, "UNKNOWN_POLICY", "steps[0].retryPolicy.policy"),
        ({"retryPolicy": "no name"}, "INVALID_FIELD", "steps[0].retryPolicy.policy"),
        ({"retryPolicy": 3}, "INVALID_FIELD", "steps[0].retryPolicy"),
        ({"timeoutPolicy": {}}, "MISSING_FIELD", "steps[0].timeoutPolicy.strategy"),
        ({"timeoutPolicy": {"strategy": "quick"}}, "INVALID_FIELD", "steps[0].timeoutPolicy.strategy"),
        ({"timeoutPolicy": {"strategy": "fixed", "max": 0}}, "INVALID_FIELD", "steps[0].timeoutPolicy.max"),
        ({"rateLimit": {"key": "k", "limit": 0, "per": 1}}, "INVALID_FIELD", "steps[0].rateLimit.limit"),
        ({"rateLimit": {"key": "k", "limit": 1, "per": "soon"}}, "INVALID_FIELD", "steps[0].rateLimit.per"),
        ({"rateLimit": {"limit": 1, "per": 1}}, "MISSING_FIELD", "steps[0].rateLimit.key"),
        ({"concurrency": {"key": "k", "limit": 1001}}, "INVALID_FIELD", "steps[0].concurrency.limit"),
        ({"concurrency": {"key": "", "limit": 1}}, "INVALID_FIELD", "steps[0].concurrency.key"),
        ({"concurrency": {"key": "${nobody}", "limit": 1}}, "UNDEFINED_REFERENCE", "steps[0].concurrency.key"),
        ({"concurrency": {"key": "${1 +}", "limit": 1}}, "INVALID_EXPRESSION", "steps[0].concurrency.key"),
        ({"circuitBreaker": "yes"}, "INVALID_FIELD", "steps[0].circuitBreaker"),
        ({"circuitBreaker": {"threshold": 1}}, "UNKNOWN_FIELD", "steps[0].circuitBreaker.threshold"),
        ({"circuitBreaker": {"key": "bank/eu"}}, "INVALID_FIELD", "steps[0].circuitBreaker.key"),
        ({"circuitBreaker": {"key": "50%"}}, "INVALID_FIELD", "steps[0].circuitBreaker.key"),
        ({"circuitBreaker": {"window": 0}}, "INVALID_FIELD", "steps[0].circuitBreaker.window"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(step: dict[str, Any], code: str, path: str) -> None:
    """YF-1, EH-10: each with its code and path."""
    assert found(document(TASK | step)) == [(code, path)]


@pytest.mark.parametrize("field", ["rateLimit", "concurrency", "circuitBreaker", "timeoutPolicy"])
def test_types_without_attempts_take_no_guards(field: str) -> None:
    """CB-2: a wait, a container or a computed step is never held."""
    value = next(step[field] for step in GOOD if field in step)
    step = {"id": "a", "type": "delay", "config": {"duration": 1}, field: value}
    assert found(document(step)) == [("INVALID_FIELD", f"steps[0].{field}")]


def test_where_the_configuration_is_not_known_names_are_not_looked_at() -> None:
    """EH-10: a tool without the engine's configuration does not refuse what that may define."""
    data = document(TASK | {"retryPolicy": "BANK"})
    assert found(data, policies=None) == []
    assert found(data, policies={"BANK"}) == []
    assert found(document(TASK | {"retryPolicy": "MINE"}, retryPolicies={"MINE": {}})) == []


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({"retryPolicies": {"MINE": {"policy": "NETWORK"}}}, "metadata.retryPolicies.MINE.policy"),
        ({"retryPolicies": {"MINE": {"maxAttempts": 0}}}, "metadata.retryPolicies.MINE.maxAttempts"),
        ({"circuitBreaker": {"key": "k"}}, "metadata.circuitBreaker.key"),
    ],
)
def test_the_workflow_s_own_are_checked_too(metadata: dict[str, Any], path: str) -> None:
    """EH-10, CB-6: a policy of the document stands for itself; a workflow's breaker has a key already."""
    assert [problem[1] for problem in found(document(TASK, **metadata))] == [path]


def test_policies_compile_to_what_they_name() -> None:
    """EH-10: with the changes beside the name; what only the configuration knows stays a name."""
    assert node({"retryPolicy": "NETWORK"}).retry == POLICIES["NETWORK"]
    assert node({"retryPolicy": {"policy": "CONSERVATIVE", "jitter": True}}).retry == RetryPolicy(
        2, "exponential", 5000, 15_000, 1.5, jitter=True
    )
    assert node({"retryPolicy": "MINE"}, retryPolicies={"MINE": {"maxAttempts": 1}}).retry == RetryPolicy(1)
    assert node({"retryPolicy": {"policy": "BANK", "maxDelay": 5}}).retry == NamedPolicy("BANK", {"max_delay": 5})
    program = compile_document(document(TASK | {"retryPolicy": "BANK"}))
    assert program.policies == {"BANK"}


def test_guards_compile_with_their_defaults() -> None:
    """CB-1, CB-3, CB-4, EH-12: as formats.md has them."""
    guards = node({"circuitBreaker": True}).guards
    assert guards is not None
    assert guards.breaker == BreakerRule("step", None, 5, 60_000, 60_000, 3, 2)
    workflow = node({}, circuitBreaker={"recoveryTime": "2m"}).guards
    assert workflow is not None
    assert workflow.breaker == BreakerRule("workflow", recovery_time=120_000)
    assert node({}).guards is None
    assert not node({}).asks
    assert node({"timeoutPolicy": {"strategy": "adaptive"}}).asks
    assert node({"timeoutPolicy": {"strategy": "fixed"}}).timeout_policy == TimeoutPolicy("fixed", 1.5, 300_000)
    rate = node({"rateLimit": {"key": "k", "limit": 2, "per": "1m"}}).guards
    assert rate is not None
    assert rate.rate is not None
    assert (rate.rate.limit, rate.rate.per) == (2, 60_000)
    assert msgspec.to_builtins(POLICIES["NETWORK"])["max_attempts"] == 5
