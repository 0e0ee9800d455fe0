"""The shape of a step, and of the ``config`` of each step type that runs in this version (formats.md, the table)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from reactory.definition.builtinmodels import BUILTINS
from reactory.definition.codes import INVALID_FIELD, MISSING_FIELD
from reactory.definition.fields import (
    BranchName,
    DependsOn,
    DurationTemplate,
    DurationTextTemplate,
    ExpressionText,
    InstantTemplate,
    ItemsExpression,
    Percentage,
    Shape,
    StepId,
    StepList,
    Steps,
    StepTimeout,
    TimeAmount,
    VariableName,
    refusal,
    whole,
)
from reactory.definition.guardmodels import Breaker, ConcurrencyModel, RateLimitModel, TimeoutPolicyModel
from reactory.definition.models import Retrying
from reactory.definition.policy import ErrorPolicy, Execution
from reactory.definition.steptree import DEFAULT_BATCH_SIZE, DEFAULT_INDEX, DEFAULT_ITEM, DEFAULT_ITERATIONS
from reactory.definition.waitmodels import WAITS

Limit = Annotated[int, whole(1, 1_000_000)]
Iterations = Annotated[int, whole(1, 1_000_000_000)]
Strategy = Literal["all", "any", "n_of"]


class CacheModel(Shape):
    key: Annotated[str, Field(min_length=1)]
    ttl: TimeAmount


class StepModel(Shape):
    id: StepId
    type: str
    name: str | None = None
    description: str | None = None
    enabled: bool | None = True
    continue_on_error: bool | None = False
    timeout: StepTimeout | None = None
    timeout_policy: TimeoutPolicyModel | None = None
    retry_policy: Retrying | None = None
    error_policy: ErrorPolicy | None = None
    compensate_with: StepList | None = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, ExpressionText] | None = None
    condition: ExpressionText | None = None
    depends_on: DependsOn | None = None
    config: dict[str, Any] | None = None
    execution: Execution | None = "at_least_once"
    cache: CacheModel | None = None
    rate_limit: RateLimitModel | None = None
    concurrency: ConcurrencyModel | None = None
    circuit_breaker: Breaker | None = None
    designer: Any = None


class NoConfig(Shape):
    """``start`` and ``end`` take nothing."""


class AnyConfig(Shape, extra="allow"):
    """``custom`` takes whatever its step understands."""


class TaskModel(Shape, extra="allow"):
    """``handler``, and whatever the Python step wants to be configured with."""

    handler: Annotated[str, Field(min_length=1)]


class LogModel(Shape):
    message: str
    level: Literal["debug", "info", "warn", "error"] | None = "info"
    data: Any = None


class SetVariableModel(Shape):
    action: Literal["set", "get", "delete"]
    key: Annotated[str, Field(min_length=1)]
    value: Any = None
    source: Literal["literal", "step_output", "input", "env"] | None = "literal"
    source_path: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _has_value(self) -> Self:
        if self.action != "set":
            return self
        if self.source in (None, "literal"):
            if "value" not in self.model_fields_set:
                said = "`value` is missing: give the value to set, or a source with its sourcePath"
                raise refusal(MISSING_FIELD, said, field="value")
        elif self.source_path is None:
            said = f"`sourcePath` is missing: say which part of {self.source} to take"
            raise refusal(MISSING_FIELD, said, field="sourcePath")
        return self


class ConditionModel(Shape):
    condition: ExpressionText
    then_steps: StepList | None = None
    else_steps: StepList | None = None


class CaseModel(Shape):
    when: Any
    steps: StepList


class SwitchModel(Shape):
    value: ExpressionText
    cases: list[CaseModel] | None = None
    default: StepList | None = None


class JoinModel(Shape):
    strategy: Strategy | None = "all"
    count: Limit | None = None
    timeout: StepTimeout | None = None

    @model_validator(mode="after")
    def _has_count(self) -> Self:
        if self.strategy == "n_of" and self.count is None:
            said = "`count` is missing: say how many the strategy n_of waits for"
            raise refusal(MISSING_FIELD, said, field="count")
        if self.strategy != "n_of" and self.count is not None:
            said = "`count` is only for the strategy n_of: remove it, or set strategy: n_of"
            raise refusal(INVALID_FIELD, said, field="count")
        return self


def _join(value: Any) -> Any:
    """``join: any`` is short for ``join: {strategy: any}``."""
    return {"strategy": value} if isinstance(value, str) else value


class BranchModel(Shape):
    name: BranchName
    steps: Steps


class ParallelModel(Shape):
    branches: Annotated[list[BranchModel], Field(min_length=1)]
    max_concurrency: Limit | None = None
    fail_fast: bool | None = False
    join: Annotated[JoinModel, BeforeValidator(_join)] | None = None


class DistributionModel(Shape):
    batch_size: Annotated[int, whole(1, 10_000)] | None = DEFAULT_BATCH_SIZE
    max_concurrency: Limit | None = None
    tolerated_failure_percentage: Percentage | None = 0


class ForEachModel(Shape):
    items: ItemsExpression
    item_variable: VariableName | None = DEFAULT_ITEM
    index_variable: VariableName | None = DEFAULT_INDEX
    max_concurrency: Limit | None = None
    steps: Steps
    distributed: DistributionModel | None = None


class WhileModel(Shape):
    condition: ExpressionText
    max_iterations: Iterations | None = DEFAULT_ITERATIONS
    steps: Steps


class DelayModel(Shape):
    duration: DurationTemplate | None = None
    duration_text: DurationTextTemplate | None = None
    until: InstantTemplate | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        given = [value for value in (self.duration, self.duration_text, self.until) if value is not None]
        if not given:
            raise refusal(
                MISSING_FIELD, "say how long: give one of duration (ms), durationText (5s, 2h) and until (a time)"
            )
        if len(given) > 1:
            raise refusal(INVALID_FIELD, "give only one of duration, durationText and until")
        return self


CONFIGS: dict[str, type[Shape]] = {
    "start": NoConfig,
    "end": NoConfig,
    "task": TaskModel,
    "custom": AnyConfig,
    "log": LogModel,
    "set_variable": SetVariableModel,
    "condition": ConditionModel,
    "switch": SwitchModel,
    "parallel": ParallelModel,
    "join": JoinModel,
    "for_each": ForEachModel,
    "while": WhileModel,
    "delay": DelayModel,
    **WAITS,
    **BUILTINS,
}
"""The model of each runnable type's ``config``."""
