"""The shape of a schedule document (formats.md, "Schedule documents"): names, types, bounds, defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from reactory.definition.codes import INVALID_FIELD, MISSING_FIELD
from reactory.definition.fields import Check, Multiplier, Shape, refusal, whole
from reactory.definition.models import Name, NameSpace, Version
from reactory.definition.reference import Reference, parse_reference
from reactory.definition.wording import shown
from reactory.exceptions import InvalidRequestError
from reactory.scheduler.dates import instant_in
from reactory.scheduler.fields import (
    CronText,
    DateTime,
    Holiday,
    Interval,
    Jitter,
    Pause,
    RunTimeout,
    ScheduleId,
    ScheduleName,
    ZoneName,
)
from reactory.scheduler.zone import load_zone

KINDS = ("cron", "interval", "at")
"""A schedule has exactly one of them."""


def _reference(value: Any) -> str:
    if not isinstance(value, str):
        raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a text such as acme.Report@1.0.0")
    try:
        parse_reference(value)
    except InvalidRequestError as error:
        raise refusal(INVALID_FIELD, error.message) from error
    return value


class WorkflowModel(Shape):
    """``id``, or the parts of it; when both are given, they have to agree."""

    id: Annotated[str, Check(_reference, {"type": "string", "description": "nameSpace.Name@version"})] | None = None
    name_space: NameSpace | None = None
    name: Name | None = None
    version: Version | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        said = "`id` is missing: say which workflow, like acme.Report@1.0.0, or give nameSpace and name"
        if self.id is None and (self.name_space is None or self.name is None):
            raise refusal(MISSING_FIELD, said, field="id")
        meant = self.reference()
        for field, mine, other in (
            ("nameSpace", self.name_space, meant.name_space),
            ("name", self.name, meant.name),
            ("version", self.version, meant.version),
        ):
            if mine is not None and mine != other:
                raise refusal(INVALID_FIELD, f"{shown(mine)} is not what `id` says, {other}: remove one", field=field)
        return self

    def reference(self) -> Reference:
        if self.id is None:
            assert self.name_space is not None
            assert self.name is not None
            return Reference(self.name_space, self.name, self.version)
        meant = parse_reference(self.id)
        return meant if meant.version is not None else meant._replace(version=self.version)


class TimingModel(Shape):
    cron: CronText | None = None
    interval: Interval | None = None
    at: DateTime | None = None
    timezone: ZoneName | None = "UTC"
    enabled: bool | None = True
    jitter: Jitter | None = 0
    start_date: DateTime | None = None
    end_date: DateTime | None = None

    @model_validator(mode="after")
    def _has_one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if not given:
            raise refusal(MISSING_FIELD, "say when: give one of cron, interval and at", field="cron")
        if len(given) > 1:
            raise refusal(INVALID_FIELD, f"give only one of {' and '.join(given)}", field=given[1])
        return self

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.start_date is not None and self.end_date is not None:
            zone = load_zone(self.timezone or "UTC")
            if instant_in(self.end_date, zone, whole_day=True) < instant_in(self.start_date, zone):
                raise refusal(INVALID_FIELD, "`endDate` is before `startDate`: correct one of them", field="endDate")
        return self


class RetryModel(Shape):
    attempts: Annotated[int, whole(1, 10)] | None = 3
    delay: Pause | None = 60
    backoff_multiplier: Multiplier | None = 1
    max_delay: Pause | None = 3600


class MisfireModel(Shape):
    policy: Literal["skip", "once", "all"] | None = "skip"
    window: Pause | None = 3600


class ConditionsModel(Shape):
    skip_if_previous_running: bool | None = False
    skip_on_holidays: list[Holiday] | None = None
    required_services: list[str] | None = None


class ScheduleModel(Shape):
    id: ScheduleId
    name: ScheduleName
    description: str | None = None
    workflow: WorkflowModel
    schedule: TimingModel
    properties: dict[str, Any] | None = None
    retry: RetryModel | None = Field(default_factory=RetryModel)
    timeout: RunTimeout | None = None
    max_concurrent: Annotated[int, whole(1, 10_000)] | None = 1
    overlap: Literal["skip", "queue", "cancel_running", "allow"] | None = "skip"
    misfire: MisfireModel | None = Field(default_factory=MisfireModel)
    conditions: ConditionsModel | None = Field(default_factory=ConditionsModel)
