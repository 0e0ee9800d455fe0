"""One registered Python step: its name, its signature worked out once, and how arguments are fitted to it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from reactory.exceptions import InvalidStepError
from reactory.steps.context import StepContext

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_CONTEXT_TEXT = re.compile(r"(^|[\s.|\[])StepContext($|[\s|\]])")  # in an annotation that could not be evaluated
_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class StepFunction:
    """A Python function as the engine sees it. ``is_async`` tells whether it runs on the loop or on a thread."""

    __slots__ = ("_accepted", "_context", "_open", "_required", "_shown", "description", "function", "is_async", "name")

    def __init__(self, function: Callable[..., Any], name: str, description: str = "") -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"'{name}' cannot name a step: use letters, digits, '_', '-' and '.', as in @step(\"acme.charge\")"
            )
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"Step {name}: {function!r} is a generator; a step returns its result, so use return, not yield"
            )
        self.function = function
        self.name = name
        self.description = description
        self.is_async = inspect.iscoroutinefunction(function)
        self._read_signature()

    def _read_signature(self) -> None:
        parameters = inspect.signature(self.function).parameters
        hidden = [p.name for p in parameters.values() if p.kind is inspect.Parameter.POSITIONAL_ONLY]
        if hidden:
            raise TypeError(
                f"Step {self.name}: the engine passes arguments by name; remove the '/' after {hidden[-1]!r}"
            )
        named = {p.name: p for p in parameters.values() if p.kind in _KEYWORD}
        contexts = [parameter for parameter in _context_parameters(self.function) if parameter in named]
        if len(contexts) > 1:
            raise TypeError(f"Step {self.name}: only one parameter can be the StepContext, not {', '.join(contexts)}")
        self._context = contexts[0] if contexts else None
        if self._context is not None:
            del named[self._context]
        self._accepted = frozenset(named)
        self._required = frozenset(p.name for p in named.values() if p.default is p.empty)
        self._open = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
        self._shown = ", ".join(_show(p) for p in named.values()) + ("…" if self._open else "")

    def __repr__(self) -> str:
        return f"<StepFunction {self.name}({self._shown})>"

    @property
    def origin(self) -> tuple[str, int | None]:
        """The file and the line of the function."""
        code = getattr(_unwrapped(self.function), "__code__", None)
        return (code.co_filename, code.co_firstlineno) if code else (repr(self.function), None)

    @property
    def accepted(self) -> frozenset[str]:
        """The names of the arguments, without that of the context."""
        return self._accepted

    @property
    def required(self) -> frozenset[str]:
        """Those that have no default."""
        return self._required

    @property
    def is_open(self) -> bool:
        """Whether it takes any other arguments too (``**more``)."""
        return self._open

    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of the inputs, an object with one property per argument."""
        from reactory.steps.signature import input_schema  # late: a running worker needs no schemas

        return input_schema(self)

    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of what the function returns; ``{}`` where its annotation does not tell."""
        from reactory.steps.signature import output_schema

        return output_schema(self)

    def arguments(self, inputs: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        """The keyword arguments for one call, or InvalidStepError where ``inputs`` do not fit the signature.

        Lists and maps are copied: a step may change what it was given, and neither the instance's state nor the next
        attempt sees it.
        """
        given = inputs.keys()
        if not given >= self._required or not (self._open or given <= self._accepted) or self._context in given:
            raise InvalidStepError(self._misfit(inputs))
        arguments = {key: _copy(value) for key, value in inputs.items()}
        if self._context is not None:
            arguments[self._context] = context
        return arguments

    def _misfit(self, inputs: Mapping[str, Any]) -> str:
        missing = [name for name in sorted(self._required) if name not in inputs]
        unexpected = [
            name for name in inputs if name not in self._accepted and (not self._open or name == self._context)
        ]
        faults = [f"missing argument '{name}'" for name in missing]
        faults += [f"unexpected argument '{name}'" for name in unexpected]
        hint = "Change the inputs of the workflow's step, or the parameters of the function."
        if self._context is None and {"ctx", "context"} & set(missing):
            hint = "To get the context, annotate the parameter: ctx: StepContext."
        elif self._context in unexpected:
            hint = f"'{self._context}' is the StepContext, which the engine provides: name the input differently."
        passed = ", ".join(inputs) or "nothing"
        accepted = self._shown or "no arguments"
        return f"Step {self.name}: {', '.join(faults)}. The workflow passes: {passed}; the step accepts: {accepted}. {hint}"


def _show(parameter: inspect.Parameter) -> str:
    return parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"


def _context_parameters(function: Callable[..., Any]) -> list[str]:
    """Names of the parameters annotated StepContext, or StepContext | None."""
    try:
        annotations = inspect.get_annotations(_unwrapped(function), eval_str=True)
    except Exception:  # noqa: BLE001 - an annotation is any expression; where one fails, their texts have to do
        annotations = inspect.get_annotations(_unwrapped(function))
    return [name for name, annotation in annotations.items() if name != "return" and _is_context(annotation)]


def _unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """What ``inspect.signature`` looks at: through decorators that used functools.wraps."""
    inner: Callable[..., Any] = inspect.unwrap(function)
    return inner


def _is_context(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return _CONTEXT_TEXT.search(annotation) is not None
    return annotation is StepContext or StepContext in get_args(annotation)


def _copy(value: Any) -> Any:
    """A JSON value of its own: containers anew, scalars as they are."""
    kind = type(value)
    if kind is dict:
        return {key: _copy(item) for key, item in value.items()}
    if kind is list:
        return [_copy(item) for item in value]
    return value
