"""Workflows in Python: ``from reactory.authoring import Flow, workflow``. See docs/python.md."""

from reactory.definition.authoring import (
    Expression,
    Flow,
    Input,
    Output,
    Retry,
    StepOptions,
    Workflow,
    call,
    cel,
    choose,
    default,
    is_in,
    succeeded,
    workflow,
)

__all__ = [
    "Expression",
    "Flow",
    "Input",
    "Output",
    "Retry",
    "StepOptions",
    "Workflow",
    "call",
    "cel",
    "choose",
    "default",
    "is_in",
    "succeeded",
    "workflow",
]
