"""The steps of a document as a tree of plain data, whatever state it is in: where each step stands and what is around it.

Everything here tolerates wrong types, so that a document with one mistake is still looked at as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reactory.definition.location import Path

DEFAULT_ITEM = "item"
DEFAULT_INDEX = "index"
DEFAULT_ITERATIONS = 1000
DEFAULT_BATCH_SIZE = 100

_LISTS: dict[str, tuple[str, ...]] = {
    "condition": ("thenSteps", "elseSteps"),
    "switch": ("default",),
    "for_each": ("steps",),
    "while": ("steps",),
    "recur": ("steps",),
    "schedule": ("steps",),
    "saga": ("steps", "compensate", "compensateSteps"),
}
_LISTS_OF_LISTS = {"switch": "cases", "parallel": "branches"}


@dataclass(frozen=True, slots=True)
class StepSite:
    """One step where it stands. ``loop_names`` are the names that the loops around it give to item and index;
    ``in_saga`` says that its failure undoes a saga, that is, not whether it is part of what a saga is undone by.
    """

    path: Path
    step: dict[str, Any]
    siblings: list[Any]
    loop_names: frozenset[str] = frozenset()
    in_saga: bool = False

    @property
    def id(self) -> str | None:
        return text_or_none(self.step.get("id"))

    @property
    def type(self) -> str | None:
        return text_or_none(self.step.get("type"))

    @property
    def config(self) -> dict[str, Any]:
        return mapping_or_empty(self.step.get("config"))


def text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def mapping_or_empty(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def nested_lists(step: Mapping[str, Any]) -> Iterator[tuple[Path, list[Any]]]:
    """The step lists inside a step, with their paths from it."""
    kind, config = step.get("type"), step.get("config")
    if isinstance(kind, str) and isinstance(config, dict):
        for key in _LISTS.get(kind, ()):
            if isinstance(inner := config.get(key), list):
                yield ("config", key), inner
        if (key := _LISTS_OF_LISTS.get(kind, "")) and isinstance(entries := config.get(key), list):
            for number, entry in enumerate(entries):
                if isinstance(entry, dict) and isinstance(inner := entry.get("steps"), list):
                    yield ("config", key, number, "steps"), inner
    if isinstance(inner := step.get("compensateWith"), list):
        yield ("compensateWith",), inner


def step_lists(steps: Any, path: Path = ("steps",)) -> Iterator[tuple[Path, list[Any]]]:
    """All step lists of a document, outer ones first."""
    if not isinstance(steps, list):
        return
    yield path, steps
    for number, step in enumerate(steps):
        if isinstance(step, dict):
            for inner_path, inner in nested_lists(step):
                yield from step_lists(inner, (*path, number, *inner_path))


def step_sites(
    steps: Any, path: Path = ("steps",), loop_names: frozenset[str] = frozenset(), *, in_saga: bool = False
) -> Iterator[StepSite]:
    """All steps of a document in reading order."""
    if not isinstance(steps, list):
        return
    for number, step in enumerate(steps):
        if not isinstance(step, dict):
            continue
        site = StepSite((*path, number), step, steps, loop_names, in_saga)
        yield site
        for inner_path, inner in nested_lists(step):
            in_loop = inner_path[0] == "config"
            names = loop_names | loop_variables(step) if in_loop else loop_names
            yield from step_sites(inner, (*site.path, *inner_path), names, in_saga=_saga_around(site, inner_path))


def _saga_around(site: StepSite, inner: Path) -> bool:
    if site.type == "saga":
        return inner == ("config", "steps")
    return site.in_saga and inner[0] == "config"


def loop_variables(step: Mapping[str, Any]) -> frozenset[str]:
    """The names that a for_each gives to its item and index."""
    if step.get("type") != "for_each":
        return frozenset()
    config = mapping_or_empty(step.get("config"))
    names = (config.get("itemVariable") or DEFAULT_ITEM, config.get("indexVariable") or DEFAULT_INDEX)
    return frozenset(name for name in names if isinstance(name, str))


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy of ``value`` with ``new`` at ``path``; only what lies on the way is copied."""
    if not path:
        return new
    copy: Any = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy
