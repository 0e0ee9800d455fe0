"""``@workflow``: builds a workflow from a function that writes its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactory.definition.annotation import annotation_schema, annotations_of
from reactory.definition.authoring.builder import Builder
from reactory.definition.authoring.flow import Flow
from reactory.definition.authoring.inputs import input_documents, read_parameters
from reactory.definition.authoring.options import ErrorPolicy, Retry, Time, given, retry_policy
from reactory.definition.authoring.origin import caller
from reactory.definition.authoring.outputs import output_documents
from reactory.definition.authoring.typeview import TypeView
from reactory.definition.authoring.value import document_value, milliseconds
from reactory.definition.authoring.workflow import Workflow
from reactory.definition.problem import Problem
from reactory.exceptions import InvalidDefinitionError

_MAX_TOLD = 20


def workflow(
    name: str,
    /,
    *,
    version: str,
    description: str | None = None,
    author: str | None = None,
    tags: Sequence[str] | None = None,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    timeout: Time | None = None,
    retry: Retry | Mapping[str, Any] | str | None = None,
    error_policy: ErrorPolicy | None = None,
    priority: int | str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Workflow]:
    """``@workflow("acme.Order", version="1.0.0")`` above a function of a ``Flow`` and, if need be, the inputs.

    The function is called once, at once, and writes the steps; what it returns are the outputs. Raises
    InvalidDefinitionError with all problems, each with the line that wrote the step. ``inputs`` and ``outputs`` declare more of
    them than the function does, ``metadata`` takes what has no argument of its own.
    """
    around = dict(caller().f_locals)

    def build(function: Callable[..., Any]) -> Workflow:
        builder = Builder(function)
        parameters = read_parameters(function, around)
        for said in parameters.problems:
            builder.complain(said)
        flow = Flow(builder, TypeView(parameters.schema, builder.complain))
        returned = function(flow, **parameters.arguments(flow.input))
        schema = annotation_schema(annotations_of(function, around).get("return", Any))
        name_space, _, own = name.rpartition(".")
        found = {"timeout": milliseconds(timeout), "errorPolicy": error_policy, "priority": priority}
        found |= {"retryPolicy": None if retry is None else retry_policy(retry)}
        told = {**(metadata or {}), **given(found)}
        data: dict[str, Any] = given(
            {
                "nameSpace": name_space,
                "name": own,
                "version": version,
                "description": description,
                "author": author,
                "tags": None if tags is None else list(tags),
                "metadata": document_value(told) if told or metadata is not None else None,
                "inputs": _inputs(inputs, parameters.declared),
                "variables": None if variables is None else document_value(variables),
                "steps": builder.steps,
                "outputs": _outputs(outputs, returned, schema),
            }
        )
        return checked(builder, data)

    return build


def _inputs(written: Mapping[str, Any] | None, declared: dict[str, Any]) -> dict[str, Any] | None:
    """None where there are none at all: then any input may be used."""
    return {**declared, **input_documents(written or {})} if declared or written is not None else None


def _outputs(written: Mapping[str, Any] | None, returned: Any, schema: dict[str, Any]) -> dict[str, Any] | None:
    """Those of the decorator are documents or ``Output``; those that the function returns are values."""
    if returned is not None and not isinstance(returned, Mapping):
        raise TypeError(f"a workflow returns a mapping of its outputs, not {returned!r}: return {{'name': value}}")
    if written is None and returned is None:
        return None
    plain = {name: dict(value) for name, value in (written or {}).items() if isinstance(value, Mapping)}
    values = {name: value for name, value in (written or {}).items() if name not in plain} | dict(returned or {})
    return plain | output_documents(values, schema)


def checked(builder: Builder, data: dict[str, Any]) -> Workflow:
    """The workflow. Raises InvalidDefinitionError when anything in it is an error."""
    from reactory.definition.validate import errors, validate  # the models, only where something is built

    told = [builder.placed(problem, data) for problem in validate(data, policies=None)]
    problems = sorted([*builder.problems(data), *told], key=lambda problem: problem.line or 0)
    made = Workflow(data, handlers=builder.handlers, warnings=[p for p in problems if p.severity == "warning"])
    if wrong := errors(problems):
        raise InvalidDefinitionError(_report(made.id, wrong), problems)
    return made


def _report(workflow_id: str, wrong: Sequence[Problem]) -> str:
    count = "one problem" if len(wrong) == 1 else f"{len(wrong)} problems"
    lines = [f"  {problem.path or 'the workflow'}: {problem.message} [{problem.code}]" for problem in wrong[:_MAX_TOLD]]
    more = [f"  and {len(wrong) - _MAX_TOLD} more"] if len(wrong) > _MAX_TOLD else []
    return "\n".join([f"{workflow_id} has {count}:", *lines, *more])
