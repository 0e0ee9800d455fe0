"""The ``config`` of the step types that wait, that speak to what is outside, and that put steps off or undo them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from reactory.definition.codes import INVALID_FIELD, MISSING_FIELD
from reactory.definition.fields import (
    Check,
    DurationTemplate,
    DurationTextTemplate,
    ExpressionText,
    FormSchema,
    IntervalTemplate,
    Milliseconds,
    MomentTemplate,
    ObjectTemplate,
    OptionsTemplate,
    Shape,
    StepList,
    Steps,
    StepTimeout,
    TimeAmount,
    VariableName,
    later_or,
    refusal,
)
from reactory.definition.models import A_NAME, A_NAME_SPACE, A_VERSION
from reactory.definition.reference import parse_reference
from reactory.definition.wording import shown
from reactory.exceptions import InvalidRequestError

SomeText = Annotated[str, Field(min_length=1)]


def _reference(value: Any) -> Any:
    if not isinstance(value, str):
        raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: write nameSpace.Name or nameSpace.Name@1.0.0")
    try:
        parse_reference(value)
    except InvalidRequestError as error:
        raise refusal(INVALID_FIELD, error.message) from error
    return value


Reference = Annotated[str, later_or(Check(_reference, {"type": "string"}))]
NameSpace = Annotated[str, later_or(A_NAME_SPACE)]
Name = Annotated[str, later_or(A_NAME)]
Version = Annotated[str, later_or(A_VERSION)]


class WaitEventModel(Shape):
    event_name: SomeText
    event_key: ExpressionText | None = None
    effective_date: MomentTemplate | None = None
    timeout: StepTimeout | None = None
    on_timeout: Literal["fail", "continue"] | None = "fail"
    output_variable: VariableName | None = None


class EmitEventModel(Shape):
    event_name: SomeText
    event_key: ExpressionText | None = None
    data: Any = None


class ActivityModel(Shape):
    activity_name: SomeText
    parameters: ObjectTemplate | None = None
    timeout: StepTimeout | None = None
    heartbeat: Milliseconds | None = None


class EscalationModel(Shape):
    after: TimeAmount
    assignee: SomeText


class UserActivityModel(Shape):
    activity_type: Literal["approval", "input", "review", "acknowledgement"]
    assignee: SomeText | None = None
    options: OptionsTemplate | None = None
    message: str | None = None
    form: FormSchema | None = None
    timeout: StepTimeout | None = None
    escalation: EscalationModel | None = None


class InvokeModel(Shape):
    """The workflow is named by ``workflowId``, or by its name with what else is needed."""

    workflow_id: Reference | None = None
    workflow_name_space: NameSpace | None = None
    workflow_name: Name | None = None
    workflow_version: Version | None = None
    input: ObjectTemplate | None = None
    wait_for_completion: bool | None = False
    timeout: StepTimeout | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        apart = (self.workflow_name_space, self.workflow_name, self.workflow_version)
        if self.workflow_id is not None and any(part is not None for part in apart):
            said = "give either workflowId, like acme.Report@1.0.0, or workflowName with its name space and version"
            raise refusal(INVALID_FIELD, said)
        if self.workflow_id is None and self.workflow_name is None:
            said = "say which workflow: give workflowId, like acme.Report@1.0.0, or workflowName"
            raise refusal(
                MISSING_FIELD, said, field="workflowName" if any(part is not None for part in apart) else None
            )
        return self


class ScheduleModel(Shape):
    duration: DurationTemplate | None = None
    duration_text: DurationTextTemplate | None = None
    steps: Steps

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.duration is None and self.duration_text is None:
            raise refusal(MISSING_FIELD, "say when: give one of duration (ms) and durationText (5s, 2h)")
        if self.duration is not None and self.duration_text is not None:
            raise refusal(INVALID_FIELD, "give only one of duration and durationText")
        return self


class RecurModel(Shape):
    interval: IntervalTemplate
    until: ExpressionText
    steps: Steps


class SagaModel(Shape):
    steps: Steps
    compensate: StepList | None = None
    compensate_steps: StepList | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.compensate is not None and self.compensate_steps is not None:
            said = "`compensateSteps` is another name of `compensate`: put all steps into one of them"
            raise refusal(INVALID_FIELD, said, field="compensateSteps")
        return self


WAITS: dict[str, type[Shape]] = {
    "schedule": ScheduleModel,
    "recur": RecurModel,
    "saga": SagaModel,
    "wait_event": WaitEventModel,
    "emit_event": EmitEventModel,
    "activity": ActivityModel,
    "user_activity": UserActivityModel,
    "invoke_workflow": InvokeModel,
}
