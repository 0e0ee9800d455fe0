"""Validated data turned into the ``Program`` that the kernel walks. Expressions and templates are compiled here, once.

A document is only compiled after ``validate`` found no error in it: nothing is checked twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from reactory.definition.compilestep import StepCompiler
from reactory.definition.fingerprint import fingerprint
from reactory.definition.inputspecs import input_spec
from reactory.definition.program import OutputSpec, Program
from reactory.definition.slots import compile_slot
from reactory.exceptions import InvalidDefinitionError

_PRIORITIES = {"LOW": 1, "NORMAL": 2, "HIGH": 3, "CRITICAL": 4}


def load_program(text: str | bytes, handlers: Collection[str] | None = None, *, name: str = "<document>") -> Program:
    """From the text to the program. Raises InvalidDefinitionError with all problems when there is an error."""
    from reactory.definition.document import load_document  # late: compiling what is stored needs no models
    from reactory.definition.validate import errors, validate

    document = load_document(text, name=name)
    problems = validate(document, handlers=handlers)
    if wrong := errors(problems):
        first = wrong[0]
        where = f"{first.path}, line {first.line}" if first.line else first.path
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InvalidDefinitionError(f"{name}: {first.code} at {where}: {first.message}{more}", problems)
    return compile_document(document.data, handlers=handlers)


def compile_document(data: Mapping[str, Any], *, handlers: Collection[str] | None = None) -> Program:
    """The program of validated data. ``handlers`` decides which ``custom`` steps run a registered Python step."""
    metadata = data.get("metadata") or {}
    steps = StepCompiler(
        name_space=data["nameSpace"],
        handlers=frozenset(handlers or ()),
        metadata=metadata,
    )
    root = steps.block(data["steps"], metadata.get("errorPolicy"))
    return Program(
        name_space=data["nameSpace"],
        name=data["name"],
        version=data["version"],
        fingerprint=fingerprint(data),
        root=root,
        inputs=tuple(input_spec(name, declared) for name, declared in (data.get("inputs") or {}).items()),
        outputs=tuple(_output(name, declared) for name, declared in (data.get("outputs") or {}).items()),
        variables=dict(data.get("variables") or {}),
        timeout=metadata.get("timeout"),
        priority=_priority(metadata.get("priority")),
        handlers=frozenset(steps.called),
        policies=frozenset(steps.policies),
    )


def _output(name: str, declared: Mapping[str, Any]) -> OutputSpec:
    return OutputSpec(
        name=name,
        type=declared["type"],
        source=compile_slot(declared["source"]),
        description=declared.get("description") or "",
    )


def _priority(value: int | str | None) -> int:
    if value is None:
        return _PRIORITIES["NORMAL"]
    return _PRIORITIES[value.upper()] if isinstance(value, str) else value
