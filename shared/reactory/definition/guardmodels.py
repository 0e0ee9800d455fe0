"""The shape of what may hold a step back or cut it short: breakers, rates, limits of what runs at once, time-outs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from reactory.definition.fields import Milliseconds, Multiplier, Shape, TimeAmount, whole
from reactory.definition.guards import MOST_AT_ONCE
from reactory.definition.policy import LONGEST_TIMEOUT, TimeoutStrategy

Key = Annotated[str, Field(min_length=1)]
Count = Annotated[int, whole(1, 10_000)]


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """Stands in ``Annotated``: a short way to write the model's object, which ``lengthen`` turns into it."""

    lengthen: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.lengthen, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), dict(self.schema)]}


class RateLimitModel(Shape):
    key: Key
    limit: Annotated[int, whole(1, 1_000_000)]
    per: TimeAmount


class ConcurrencyModel(Shape):
    key: Key
    limit: Annotated[int, whole(1, MOST_AT_ONCE)]


class WorkflowBreakerModel(Shape):
    failure_threshold: Count | None = None
    window: TimeAmount | None = None
    recovery_time: TimeAmount | None = None
    half_open_max_attempts: Count | None = None
    success_threshold: Count | None = None


class BreakerModel(WorkflowBreakerModel):
    key: Key | None = None


class TimeoutPolicyModel(Shape):
    strategy: TimeoutStrategy
    multiplier: Multiplier | None = 1.5
    max: Milliseconds | None = LONGEST_TIMEOUT


def _switch(value: Any) -> Any:
    """``true`` is a breaker with the default rules, ``false`` none."""
    return {} if isinstance(value, bool) else value


_SWITCH = Short(_switch, {"type": "boolean"})
Breaker = Annotated[BreakerModel, _SWITCH]
WorkflowBreaker = Annotated[WorkflowBreakerModel, _SWITCH]
