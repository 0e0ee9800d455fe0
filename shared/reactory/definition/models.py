"""The shape of a workflow document around its steps (formats.md, "Workflow documents").

The models check types, names and bounds. What needs the whole document (ids, order, references) is in ``validate``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from reactory.definition.codes import INVALID_FIELD, INVALID_OUTPUT_SOURCE, INVALID_VERSION_FORMAT
from reactory.definition.fields import (
    Check,
    Delay,
    Multiplier,
    Priority,
    Shape,
    Steps,
    WorkflowTimeout,
    refusal,
    text,
    whole,
)
from reactory.definition.guardmodels import Short, WorkflowBreaker
from reactory.definition.policy import DEFAULT_RETRY, POLICY_NAME, Backoff, ErrorPolicy
from reactory.definition.reference import NAME, NAME_SPACE, VERSION
from reactory.definition.wording import shown

ValueType = Literal["string", "number", "integer", "boolean", "object", "array"]

A_NAME_SPACE = text(NAME_SPACE, "a name space is letters, digits, - and _ in parts with dots between, like acme-orders")
A_NAME = text(NAME, "a name begins with a letter, and goes on with letters, digits, - and _")
A_VERSION = text(VERSION, 'a version is three numbers in quotes, like "1.0.0"', code=INVALID_VERSION_FORMAT)

NameSpace = Annotated[str, A_NAME_SPACE]
Name = Annotated[str, A_NAME]
Version = Annotated[str, A_VERSION]
PolicyName = Annotated[
    str, text(POLICY_NAME, "the name of a policy begins with a letter, and goes on with letters, digits, - and _")
]


class RetryRulesModel(Shape):
    max_attempts: Annotated[int, whole(1, 10)] | None = DEFAULT_RETRY.max_attempts
    backoff_strategy: Backoff | None = DEFAULT_RETRY.backoff
    initial_delay: Delay | None = DEFAULT_RETRY.initial_delay
    max_delay: Delay | None = DEFAULT_RETRY.max_delay
    multiplier: Multiplier | None = DEFAULT_RETRY.multiplier
    jitter: bool | None = DEFAULT_RETRY.jitter
    retry_on_errors: list[str] | None = Field(default_factory=list)


class RetryPolicyModel(RetryRulesModel):
    """``policy`` is a name; what stands beside it is changed of it (EH-10)."""

    policy: PolicyName | None = None


def _named(value: Any) -> Any:
    """``retryPolicy: NETWORK`` is short for ``retryPolicy: {policy: NETWORK}``."""
    return {"policy": value} if isinstance(value, str) else value


Retrying = Annotated[RetryPolicyModel, Short(_named, {"type": "string"})]


class SecurityModel(Shape):
    requires_authentication: bool | None = True
    permissions: list[str] | None = None
    roles: list[str] | None = None


class MetadataModel(Shape):
    timeout: WorkflowTimeout | None = None
    retry_policy: Retrying | None = None
    retry_policies: dict[PolicyName, RetryRulesModel] | None = None
    circuit_breaker: WorkflowBreaker | None = None
    error_policy: ErrorPolicy | None = None
    priority: Priority | None = 2
    concurrency: Annotated[int, whole(1, 100)] | None = None
    security: SecurityModel | None = None
    designer: Any = None


def _number(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a number")


Number = Annotated[float, Check(_number, {"type": "number"})]
Length = Annotated[int, whole(0, 1_000_000)]


class ValidationModel(Shape):
    pattern: str | None = None
    min_length: Length | None = None
    max_length: Length | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    enum: Annotated[list[Any], Field(min_length=1)] | None = None


class InputModel(Shape):
    type: ValueType
    description: str | None = None
    required: bool | None = False
    default: Any = None
    validation: ValidationModel | None = None


def _source(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        return value
    raise refusal(
        INVALID_OUTPUT_SOURCE, f"{shown(value)} is no source: write an expression such as steps.pay.outputs.id"
    )


class OutputModel(Shape):
    type: ValueType
    source: Annotated[str, Check(_source, {"type": "string", "description": "CEL"})]
    description: str | None = None


class WorkflowModel(Shape):
    name_space: NameSpace
    name: Name
    version: Version
    description: str | None = None
    author: str | None = None
    tags: list[str] | None = None
    metadata: MetadataModel | None = None
    inputs: dict[str, InputModel] | None = None
    outputs: dict[str, OutputModel] | None = None
    variables: dict[str, Any] | None = None
    steps: Steps
