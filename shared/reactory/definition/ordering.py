"""Which step waits for which: the order rule of formats.md, and the problems of a document's order."""

from __future__ import annotations

import graphlib
from collections.abc import Iterator, Mapping
from typing import Any

from reactory.definition.codes import CIRCULAR_DEPENDENCY, DUPLICATE_STEP_ID, INVALID_DEPENDENCY, INVALID_FIELD
from reactory.definition.finding import Finding
from reactory.definition.location import Path, format_path
from reactory.definition.steptree import StepSite, mapping_or_empty, step_lists, text_or_none
from reactory.definition.wording import brief, listed, shown, suggestion

_MAX_ARROWS = 20
_MAX_CYCLES = 20
"""Told per step list; whoever has more of them does not read on."""


def declared_dependencies(step: Mapping[str, Any]) -> list[str] | None:
    """The ids in ``dependsOn``, each once; None when the step has none and so follows the one above it."""
    value = step.get("dependsOn")
    if value is None:
        return None
    ids = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(item for item in ids if isinstance(item, str)))


def predecessors(steps: list[Any]) -> list[list[int]]:
    """For each step of a list the positions that it waits for. Ids that are not in the list are left out."""
    positions = _positions(steps)
    result: list[list[int]] = []
    for number, step in enumerate(steps):
        ids = declared_dependencies(step) if isinstance(step, dict) else None
        if ids is None:
            result.append([number - 1] if number else [])
        else:
            result.append([positions[item] for item in ids if item in positions])
    return result


def _positions(steps: list[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, step in enumerate(steps):
        if isinstance(step, dict) and (identity := text_or_none(step.get("id"))) is not None:
            found.setdefault(identity, number)
    return found


def order_findings(steps: Any, sites: list[StepSite]) -> Iterator[Finding]:
    """Duplicate ids, dependencies on steps that are not beside, cycles, and joins that can never be met."""
    homes: dict[str, Path] = {}
    for site in sites:
        if site.id is None:
            continue
        if site.id in homes:
            said = f"the id {shown(site.id)} is already used at {format_path(homes[site.id])}; ids are unique in the document"
            yield Finding(DUPLICATE_STEP_ID, (*site.path, "id"), said)
        else:
            homes[site.id] = site.path
    for path, inner in step_lists(steps):
        yield from _dependency_findings(path, inner, homes)
        yield from _cycle_findings(path, inner)
        yield from _join_findings(path, inner)


def _dependency_findings(path: Path, steps: list[Any], homes: Mapping[str, Path]) -> Iterator[Finding]:
    beside = _positions(steps)
    for number, step in enumerate(steps):
        for item in declared_dependencies(mapping_or_empty(step)) or ():
            if item not in beside:
                yield Finding(INVALID_DEPENDENCY, (*path, number, "dependsOn"), _astray(item, beside, homes))


def _astray(item: str, beside: Mapping[str, int], homes: Mapping[str, Path]) -> str:
    if item in homes:
        place = format_path(homes[item])
        return f"the step {shown(item)} is at {place}, not in this list; depend on a step of the same list"
    return f"there is no step {shown(item)}; {suggestion(item, list(beside))}"


def _cycle_findings(path: Path, steps: list[Any]) -> Iterator[Finding]:
    graph: dict[int, list[int]] = dict(enumerate(predecessors(steps)))
    for _ in range(_MAX_CYCLES):
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            cycle: list[int] = error.args[1]
        else:
            return
        first = min(cycle)
        yield Finding(CIRCULAR_DEPENDENCY, (*path, _declaring(steps, cycle), "dependsOn"), _told_cycle(steps, cycle))
        graph.pop(first)
        graph = {number: [other for other in before if other != first] for number, before in graph.items()}


def _declaring(steps: list[Any], cycle: list[int]) -> int:
    """The first step of a cycle that says ``dependsOn``; there is one, since places alone make no cycle."""
    return min(number for number in cycle if declared_dependencies(mapping_or_empty(steps[number])) is not None)


def _told_cycle(steps: list[Any], cycle: list[int]) -> str:
    def name(number: int) -> str:
        return brief(str(mapping_or_empty(steps[number]).get("id", f"#{number}")))

    names = [name(number) for number in cycle]
    arrows = " → ".join(names if len(names) <= _MAX_ARROWS else [*names[: _MAX_ARROWS - 1], "…", names[-1]])
    by_place = [n for n in dict.fromkeys(cycle) if declared_dependencies(mapping_or_empty(steps[n])) is None]
    said = f"these steps wait for each other: {arrows}; remove one of the dependencies"
    if by_place:
        followers = listed([name(number) for number in by_place])
        said += f" ({followers} without dependsOn follows the step above; `dependsOn: []` lets it start at once)"
    return said


def _join_findings(path: Path, steps: list[Any]) -> Iterator[Finding]:
    """A ``join`` step cannot wait for more steps than it depends on, nor a parallel for more than its branches."""
    for number, (step, before) in enumerate(zip(steps, predecessors(steps), strict=True)):
        config = mapping_or_empty(mapping_or_empty(step).get("config"))
        here = (*path, number, "config")
        match mapping_or_empty(step).get("type"):
            case "join":
                yield from _count_finding(config, len(before), "steps that it depends on", here)
            case "parallel" if isinstance(branches := config.get("branches"), list):
                yield from _count_finding(
                    mapping_or_empty(config.get("join")), len(branches), "branches", (*here, "join")
                )


def _count_finding(rule: Mapping[str, Any], total: int, what: str, path: Path) -> Iterator[Finding]:
    count = rule.get("count")
    if rule.get("strategy") == "n_of" and isinstance(count, int) and count > total:
        said = f"the join waits for {count} but has only {total} {what}; lower the count"
        yield Finding(INVALID_FIELD, (*path, "count"), said)
