"""The problems of a document's shape: fields that are missing, unknown, of a wrong type or out of bounds.

Every step is checked on its own, so that a mistake in one hides nothing in the others.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from reactory.definition.codes import INVALID_FIELD, MISSING_FIELD, UNKNOWN_FIELD, UNKNOWN_STEP_TYPE
from reactory.definition.finding import Finding
from reactory.definition.modelcheck import check_shape, fields_at
from reactory.definition.models import WorkflowModel
from reactory.definition.stepmodels import CONFIGS, StepModel, TaskModel
from reactory.definition.steptree import StepSite, step_lists
from reactory.definition.steptypes import CACHEABLE, KNOWN, NOT_YET, RUNNABLE
from reactory.definition.wording import brief, listed, shown, similar

_NEAR = 0.85
"""How alike a misspelling is: `handlr` is one of handler, `headers` is a word of its own."""
_MAX_MISSPELT = 20


def shape_findings(data: Mapping[str, Any], sites: list[StepSite]) -> Iterator[Finding]:
    """What is wrong with the workflow around its steps, then with each step."""
    yield from check_shape(WorkflowModel, data, ())
    for path, steps in step_lists(data.get("steps")):
        for number, step in enumerate(steps):
            if not isinstance(step, dict):
                said = f"{shown(step)} is not valid here: a step is an object with id and type"
                yield Finding(INVALID_FIELD, (*path, number), said)
    for site in sites:
        yield from _step_findings(site)


def _step_findings(site: StepSite) -> Iterator[Finding]:
    kind = site.type
    for finding in check_shape(StepModel, site.step, site.path):
        yield _too_high(site, finding)
    if kind is None:
        return
    if kind not in RUNNABLE:
        yield Finding(UNKNOWN_STEP_TYPE, (*site.path, "type"), _unknown_type(kind))
        return
    config = site.step.get("config")
    if config is None or isinstance(config, dict):
        for finding in check_shape(CONFIGS[kind], config or {}, (*site.path, "config")):
            yield _misplaced(site, finding)
    if kind == "task":
        yield from _misspelt_findings(site)
    if site.step.get("cache") is not None and kind not in CACHEABLE:
        said = f"`cache` is not for {kind}: only the results of {listed(sorted(CACHEABLE))} can be reused, remove it"
        yield Finding(INVALID_FIELD, (*site.path, "cache"), said)


def _misspelt_findings(site: StepSite) -> Iterator[Finding]:
    """A task's config may hold anything, for its step reads it; only what nearly is a known field is told."""
    known = list(TaskModel.model_fields)
    for name in [name for name in site.config if isinstance(name, str) and name not in known]:
        if len(name) <= _MAX_MISSPELT and (near := difflib.get_close_matches(name.lower(), known, n=1, cutoff=_NEAR)):
            said = f"`{brief(name)}` is passed to the step as it is; did you mean {near[0]}?"
            yield Finding(UNKNOWN_FIELD, (*site.path, "config", name), said, "warning")


def _unknown_type(kind: str) -> str:
    if kind in NOT_YET:
        return f"the step type {kind!r} is not available in this version; available are {listed(sorted(RUNNABLE))}"
    near = similar(kind, KNOWN)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return f"the step type {shown(kind)} does not exist; {meant}Available are {listed(sorted(RUNNABLE))}"


def _too_high(site: StepSite, finding: Finding) -> Finding:
    """A field of the config that was written at the step."""
    if finding.code != UNKNOWN_FIELD or len(finding.path) != len(site.path) + 1 or site.type not in CONFIGS:
        return finding
    if finding.path[-1] not in fields_at(CONFIGS[site.type], ()):
        return finding
    return Finding(finding.code, finding.path, f"`{finding.path[-1]}` is not a field here; move it into `config`")


def _misplaced(site: StepSite, finding: Finding) -> Finding:
    """A field that the config lacks and the step itself holds was put one level too high; one of the step too low."""
    if finding.code == UNKNOWN_FIELD and finding.path[:-1] == (*site.path, "config"):
        if finding.path[-1] in fields_at(StepModel, ()):
            said = f"`{finding.path[-1]}` is not a field here but of the step: move it out of `config`"
            return Finding(finding.code, finding.path, said)
        return finding
    if finding.code == MISSING_FIELD and finding.path[:-1] == (*site.path, "config") and finding.path[-1] in site.step:
        return Finding(finding.code, finding.path, f"{finding.message}; it stands beside `config`, move it into it")
    return finding
