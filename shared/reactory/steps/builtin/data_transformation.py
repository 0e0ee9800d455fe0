"""``data_transformation``: lists and objects made of others, one expression per item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from reactory.definition.captured import CapturedScope
from reactory.definition.expression import compile_expression, lookup_path, truthy
from reactory.definition.template import as_text
from reactory.definition.wording import shown
from reactory.exceptions import InvalidStepError, StepTimeoutError
from reactory.steps.context import StepContext

LIMIT = 50_000_000
"""Bytes of all results of one step together, as JSON."""

DEFAULT_TARGET = "result"
"""What the last transformation's result is called when it has no target."""

Config = Mapping[str, Any]


def data_transformation(ctx: StepContext, **_inputs: Any) -> dict[str, Any]:
    """The targets by name. What comes later finds an earlier target by its name."""
    work = _Work(ctx)
    for transformation in ctx.config["transformations"]:
        work.transform(transformation)
    last = ctx.config["transformations"][-1]
    return work.targets if last["target"] else {**work.targets, DEFAULT_TARGET: work.previous}


class _Work:
    """One attempt. ``previous`` is the result of the transformation before."""

    def __init__(self, ctx: StepContext) -> None:
        self._ctx = ctx
        self._scope = CapturedScope(ctx.config["scope"])
        self._left = LIMIT
        self.targets: dict[str, Any] = {}
        self.previous: Any = None

    def transform(self, transformation: Config) -> None:
        source = transformation["source"]
        data = self.previous if source is None else self.evaluate(source)
        self.previous = _OPERATIONS[transformation["operation"]](self, data, transformation["config"])
        if transformation["operation"] != "map":  # whose results were looked at one by one
            self.keep(self.previous)
        if transformation["target"]:
            self.targets[transformation["target"]] = self.previous

    def keep(self, made: Any) -> Any:
        """``made``, unless there is too much already: each expression is bounded, but there may be many."""
        self._left -= len(msgspec.json.encode(made))
        if self._left < 0:
            raise InvalidStepError(
                f"the results have more than {LIMIT} bytes: transform fewer items at once, or in a step of your own"
            )
        return made

    def evaluate(self, source: str, /, **names: Any) -> Any:
        """An expression over the step's scope, the targets so far, and ``names``. Stops when nobody waits any more."""
        if self._ctx.cancelled.is_set():
            raise StepTimeoutError("stopped, for nobody waits for it any more")
        return compile_expression(source).evaluate(self._scope.with_names({**self.targets, **names}))

    def each(self, items: Any, source: str) -> Iterator[tuple[Any, Any]]:
        """Each item with what the expression makes of it."""
        for index, item in enumerate(_list(items)):
            yield item, self.evaluate(source, item=item, index=index)


def _map(work: _Work, data: Any, config: Config) -> Any:
    return [work.keep(made) for _, made in work.each(data, config["expression"])]


def _filter(work: _Work, data: Any, config: Config) -> Any:
    return [item for item, kept in work.each(data, config["condition"]) if truthy(kept)]


def _reduce(work: _Work, data: Any, config: Config) -> Any:
    accumulator = config.get("initial")
    for index, item in enumerate(_list(data)):
        accumulator = work.evaluate(config["expression"], accumulator=accumulator, item=item, index=index)
    return accumulator


def _sort(work: _Work, data: Any, config: Config) -> Any:
    """By number or by text; equal ones keep their order. What is null comes last."""
    keyed = list(work.each(data, config.get("by") or "item"))
    known = [entry for entry in keyed if entry[1] is not None]
    if not (_all(known, str) or _all(known, int, float)):
        raise InvalidStepError("the items cannot be put in order: let `by` give only numbers or only texts")
    known.sort(key=lambda entry: entry[1], reverse=config.get("order") == "desc")
    return [item for item, _ in [*known, *(entry for entry in keyed if entry[1] is None)]]


def _all(keyed: list[tuple[Any, Any]], *kinds: type) -> bool:
    return all(isinstance(key, kinds) for _, key in keyed)


def _group(work: _Work, data: Any, config: Config) -> Any:
    groups: dict[str, list[Any]] = {}
    for item, key in work.each(data, config["by"]):
        groups.setdefault(as_text(key), []).append(item)
    return groups


def _merge(work: _Work, data: Any, config: Config) -> Any:
    """Lists one behind the other; objects on top of each other, the last one wins."""
    parts = [data, work.evaluate(config["with"])] if config.get("with") is not None else _list(data)
    if all(isinstance(part, dict) for part in parts):
        return {key: value for part in parts for key, value in part.items()}
    if all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    kinds = ", ".join(shown(part) for part in parts[:5])
    raise InvalidStepError(f"{kinds} cannot be merged: give only lists or only objects")


def _extract(_work: _Work, data: Any, config: Config) -> Any:
    if isinstance(data, list) and not str(config.get("path") or "").split(".")[0].isdecimal():
        return [_extracted(item, config) for item in data]
    return _extracted(data, config)


def _extracted(value: Any, config: Config) -> Any:
    if config.get("path") is not None:
        return lookup_path(value, config["path"].split("."), None)
    return {field: lookup_path(value, field.split("."), None) for field in config["fields"]}


def _custom(work: _Work, data: Any, config: Config) -> Any:
    return work.evaluate(config["expression"], source=data)


_OPERATIONS: dict[str, Callable[[_Work, Any, Config], Any]] = {
    "map": _map,
    "filter": _filter,
    "reduce": _reduce,
    "sort": _sort,
    "group": _group,
    "merge": _merge,
    "extract": _extract,
    "custom": _custom,
}


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise InvalidStepError(f"the source is {shown(value)}: this operation works on a list")
