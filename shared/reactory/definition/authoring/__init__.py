"""Workflows written in Python: the same documents, checked when they are built, to YAML and back without loss."""

from reactory.definition.authoring.decorator import workflow
from reactory.definition.authoring.expression import Expression, call, cel, choose, default, is_in, succeeded
from reactory.definition.authoring.flow import Flow
from reactory.definition.authoring.inputs import Input
from reactory.definition.authoring.options import Retry, StepOptions
from reactory.definition.authoring.outputs import Output
from reactory.definition.authoring.workflow import Workflow

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
