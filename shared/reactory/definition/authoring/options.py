"""What any step may be told beside its type's own configuration, in Python's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypedDict

from reactory.definition.authoring.expression import Expression, StepReference, id_of
from reactory.definition.authoring.value import condition_value, document_value, expression_value, milliseconds

Time = int | str | timedelta | Expression
"""Milliseconds, a text such as ``2d``, or a timedelta."""

ErrorPolicy = Literal["retry", "suspend", "terminate", "compensate"]
Execution = Literal["at_least_once", "at_most_once"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a failed step is tried again. What is None is left to the defaults of the engine."""

    max_attempts: int | None = None
    backoff: Literal["fixed", "linear", "exponential"] | None = None
    initial_delay: int | str | timedelta | None = None
    max_delay: int | str | timedelta | None = None
    multiplier: float | None = None
    jitter: bool | None = None
    on: Sequence[str] | None = None
    """Categories, error codes or names of exception classes."""
    policy: str | None = None
    """The name of a policy, of which the rest is changed."""

    def document(self) -> dict[str, Any]:
        """The ``retryPolicy`` of a document."""
        values = {
            "policy": self.policy,
            "maxAttempts": self.max_attempts,
            "backoffStrategy": self.backoff,
            "initialDelay": milliseconds(self.initial_delay),
            "maxDelay": milliseconds(self.max_delay),
            "multiplier": self.multiplier,
            "jitter": self.jitter,
            "retryOnErrors": None if self.on is None else list(self.on),
        }
        return given(values)


class StepOptions(TypedDict, total=False):
    """None stands for not given. ``compensate_with`` is a function that adds the steps that undo this one; it may take the
    step's reference. ``outputs`` are variables to set, with the values that they get.
    """

    id: str | None
    name: str | None
    description: str | None
    enabled: bool | None
    condition: Any
    depends_on: StepReference | str | Sequence[Any] | None
    outputs: Mapping[str, Any] | None
    timeout: Time | None
    retry: Retry | Mapping[str, Any] | str | None
    error_policy: ErrorPolicy | None
    continue_on_error: bool | None
    compensate_with: Callable[..., Any] | None
    execution: Execution | None
    cache: Mapping[str, Any] | None
    timeout_policy: Mapping[str, Any] | None
    rate_limit: Mapping[str, Any] | None
    concurrency: Mapping[str, Any] | None
    circuit_breaker: Mapping[str, Any] | bool | None
    designer: Any


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def step_fields(options: StepOptions) -> dict[str, Any]:
    """The fields of a document's step, but for its id and what compensates it."""
    values: dict[str, Any] = {
        "name": options.get("name"),
        "description": options.get("description"),
        "enabled": options.get("enabled"),
        "condition": _unless_none(condition_value, options.get("condition")),
        "dependsOn": _unless_none(depends_on, options.get("depends_on")),
        "outputs": _unless_none(_outputs, options.get("outputs")),
        "timeout": _unless_none(milliseconds, options.get("timeout")),
        "retryPolicy": _unless_none(retry_policy, options.get("retry")),
        "errorPolicy": options.get("error_policy"),
        "continueOnError": options.get("continue_on_error"),
        "execution": options.get("execution"),
        "cache": _unless_none(document_value, options.get("cache")),
        "timeoutPolicy": _unless_none(document_value, options.get("timeout_policy")),
        "rateLimit": _unless_none(document_value, options.get("rate_limit")),
        "concurrency": _unless_none(document_value, options.get("concurrency")),
        "circuitBreaker": _unless_none(document_value, options.get("circuit_breaker")),
        "designer": _unless_none(document_value, options.get("designer")),
    }
    return given(values)


def retry_policy(retry: Retry | Mapping[str, Any] | str) -> dict[str, Any] | str:
    """``"NETWORK"``, the name of a policy, stays one."""
    if isinstance(retry, str):
        return retry
    return retry.document() if isinstance(retry, Retry) else dict(retry)


def depends_on(steps: Any) -> Any:
    """Ids of steps; one alone stays one."""
    if isinstance(steps, str | StepReference):
        return id_of(steps)
    return [id_of(step) for step in steps]


def _outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: expression_value(value) for name, value in outputs.items()}


def _unless_none(convert: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else convert(value)
