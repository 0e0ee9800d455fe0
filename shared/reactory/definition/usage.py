"""The problems of what a document's expressions and templates say, and of what they refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reactory.definition.codes import (
    INVALID_EXPRESSION,
    INVALID_OUTPUT_SOURCE,
    UNDEFINED_REFERENCE,
    UNUSED_REQUIRED_INPUT,
)
from reactory.definition.expression import Expression
from reactory.definition.finding import Finding
from reactory.definition.location import Path
from reactory.definition.problem import Severity
from reactory.definition.slot import Slot
from reactory.definition.slots import compile_slot, step_slots
from reactory.definition.steptree import StepSite, mapping_or_empty
from reactory.definition.template import Template, compile_template
from reactory.definition.wording import brief, shown, suggestion
from reactory.exceptions import ExpressionError

ROOTS = frozenset({"input", "inputs", "variables", "steps", "env", "workflow"})

_INPUT_ROOTS = ("input", "inputs")


@dataclass(slots=True)
class Names:
    """What a document's expressions may refer to, and which inputs they did refer to."""

    inputs: Collection[str] | None
    steps: frozenset[str]
    variables: frozenset[str]
    any_variable: bool
    used_inputs: set[str] = field(default_factory=set)
    all_inputs_used: bool = False

    def complaints(
        self, compiled: Expression | Template, code: str, path: Path, loop_names: frozenset[str] = frozenset()
    ) -> Iterator[Finding]:
        """References that lead nowhere: an error, but under ``||`` and the like (not ``required``) only a warning.

        A step that does not exist is an error everywhere: nothing at run time can bring it about.
        """
        for reference in compiled.references:
            self._note(reference)
            severity: Severity = "error" if reference in compiled.required else "warning"
            why = self._undefined(reference, loop_names)
            if why is None and (why := self._unknown_step(reference, loop_names)) is not None:
                severity = "error"
            if why is not None:
                yield Finding(code, path, f"{brief('.'.join(reference))} cannot be resolved: {why}", severity)

    def _note(self, reference: tuple[str, ...]) -> None:
        if reference[0] in _INPUT_ROOTS:
            if len(reference) > 1:
                self.used_inputs.add(reference[1])
            else:
                self.all_inputs_used = True

    def _unknown_step(self, reference: tuple[str, ...], loop_names: frozenset[str]) -> str | None:
        if reference[0] != "steps" or len(reference) == 1 or "steps" in loop_names or reference[1] in self.steps:
            return None
        return f"there is no step {shown(reference[1])}; {suggestion(reference[1], sorted(self.steps))}"

    def _undefined(self, reference: tuple[str, ...], loop_names: frozenset[str]) -> str | None:
        root, name = reference[0], reference[1] if len(reference) > 1 else None
        if root in loop_names:
            return None
        if root in _INPUT_ROOTS and name is not None and self.inputs is not None and name not in self.inputs:
            return f"the input {shown(name)} is not declared under inputs; {suggestion(name, sorted(self.inputs))}"
        if root in ROOTS or root in self.variables or self.any_variable:
            return None
        return f"the name {shown(root)} is not known; {suggestion(root, sorted(ROOTS | self.variables | loop_names))}"


def document_names(data: Mapping[str, Any], sites: list[StepSite]) -> Names:
    """Without declared inputs any input may be used; with a computed variable name any variable may."""
    inputs = data.get("inputs")
    variables: set[str] = set(mapping_or_empty(data.get("variables")))
    computed = False
    for site in sites:
        variables.update(mapping_or_empty(site.step.get("outputs")))
        if site.type == "set_variable" and isinstance(key := site.config.get("key"), str):
            computed = computed or "${" in key
            variables.add(key.split(".")[0])
        if site.type == "wait_event" and isinstance(name := site.config.get("outputVariable"), str):
            variables.add(name)
    return Names(
        inputs=frozenset(inputs) if isinstance(inputs, dict) and inputs else None,
        steps=frozenset(site.id for site in sites if site.id is not None),
        variables=frozenset(variables),
        any_variable=computed,
    )


def usage_findings(data: Mapping[str, Any], sites: list[StepSite]) -> Iterator[Finding]:
    """Expressions that do not compile, references that lead nowhere, required inputs that nobody reads."""
    names = document_names(data, sites)
    for site in sites:
        for slot in step_slots(site.step):
            yield from _slot_findings(slot, site, names)
    for name, output in mapping_or_empty(data.get("outputs")).items():
        source = mapping_or_empty(output).get("source")
        if isinstance(source, str) and source.strip():
            yield from _output_findings(source, ("outputs", name, "source"), names)
    yield from _unused_findings(mapping_or_empty(data.get("inputs")), names)


def _slot_findings(slot: Slot, site: StepSite, names: Names) -> Iterator[Finding]:
    path = (*site.path, *slot.path)
    try:
        compiled = compile_template(slot.value) if slot.kind == "template" else compile_slot(slot.value)
    except ExpressionError as error:
        yield Finding(INVALID_EXPRESSION, path, error.message)
        return
    yield from names.complaints(compiled, UNDEFINED_REFERENCE, path, site.loop_names | slot.names)


def _output_findings(source: str, path: Path, names: Names) -> Iterator[Finding]:
    """An output has one code for all: whatever is wrong, its source gives no value."""
    try:
        compiled = compile_slot(source)
    except ExpressionError as error:
        yield Finding(INVALID_OUTPUT_SOURCE, path, error.message)
        return
    yield from names.complaints(compiled, INVALID_OUTPUT_SOURCE, path)


def _unused_findings(inputs: Mapping[str, Any], names: Names) -> Iterator[Finding]:
    if names.all_inputs_used:
        return
    for name, declared in inputs.items():
        if mapping_or_empty(declared).get("required") is True and name not in names.used_inputs:
            said = f"the input {shown(name)} is required, but nothing reads it; use it as input.{brief(name)}, or do not require it"
            yield Finding(UNUSED_REQUIRED_INPUT, ("inputs", name), said, "warning")
