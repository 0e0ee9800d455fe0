"""Every problem of a document at once, each with code, path, line and what to do about it (YF-1)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reactory.definition.codes import INVALID_DOCUMENT, INVALID_FIELD, NAMESPACE_CONVENTION, UNKNOWN_HANDLER
from reactory.definition.document import Document
from reactory.definition.finding import Finding
from reactory.definition.inputspecs import input_findings
from reactory.definition.location import Path
from reactory.definition.ordering import order_findings
from reactory.definition.policynames import breaker_key_findings, guard_findings, policy_findings
from reactory.definition.problem import Problem
from reactory.definition.reference import NAME_SPACE
from reactory.definition.shape import shape_findings
from reactory.definition.steptree import DEFAULT_INDEX, DEFAULT_ITEM, StepSite, mapping_or_empty, step_sites
from reactory.definition.usage import ROOTS, usage_findings
from reactory.definition.wording import shown, suggestion

MAX_PROBLEMS = 1000

_CONVENTIONAL = re.compile(r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*\Z")


def validate(
    document: Document | Mapping[str, Any],
    *,
    handlers: Collection[str] | None = None,
    policies: Collection[str] | None = (),
) -> list[Problem]:
    """All problems, errors and warnings, in the order of the document.

    ``handlers`` are the names of the registered Python steps; None when they are not known here, and then they are not
    looked at. ``policies`` are the retry policies that configuration defines; None when they are not known here. The document
    may run when none of its problems is an error.
    """
    known = document if isinstance(document, Document) else Document.of(document)
    found = list(dict.fromkeys(itertools.islice(_findings(known.data, handlers, policies), MAX_PROBLEMS + 1)))
    if len(found) > MAX_PROBLEMS:
        said = f"there are more than {MAX_PROBLEMS} problems; correct these first"
        found[MAX_PROBLEMS:] = [Finding(INVALID_DOCUMENT, (), said)]
    problems = [*known.problems, *(finding.told(known) for finding in found)]
    return sorted(problems, key=lambda problem: problem.line or 0)


def errors(problems: Collection[Problem]) -> list[Problem]:
    """Those that keep the document from running."""
    return [problem for problem in problems if problem.severity == "error"]


def _findings(
    data: Mapping[str, Any], handlers: Collection[str] | None, policies: Collection[str] | None
) -> Iterator[Finding]:
    sites = list(step_sites(data.get("steps")))
    yield from _convention_findings(data)
    yield from shape_findings(data, sites)
    yield from input_findings(data.get("inputs"))
    yield from order_findings(data.get("steps"), sites)
    yield from policy_findings(data, sites, policies)
    for site in sites:
        yield from guard_findings(site)
        yield from breaker_key_findings(site)
        yield from _name_findings(site)
        yield from _saga_findings(site)
        if handlers is not None:
            yield from _handler_findings(site, handlers)
    yield from usage_findings(data, sites)


def _convention_findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    name_space = data.get("nameSpace")
    if isinstance(name_space, str) and NAME_SPACE.match(name_space) and not _CONVENTIONAL.match(name_space):
        said = f"the name space {shown(name_space)} is unusual: write lower case with dashes or dots, like acme-orders"
        yield Finding(NAMESPACE_CONVENTION, ("nameSpace",), said, "warning")


def _handler_findings(site: StepSite, handlers: Collection[str]) -> Iterator[Finding]:
    handler = site.config.get("handler")
    if site.type == "task" and isinstance(handler, str) and handler and handler not in handlers:
        said = f"no Python step is registered as {shown(handler)}; {suggestion(handler, sorted(handlers))}"
        yield Finding(UNKNOWN_HANDLER, (*site.path, "config", "handler"), said)


def _name_findings(site: StepSite) -> Iterator[Finding]:
    """Names that a step gives to its parts: branches differ, loop variables hide nothing."""
    if site.type == "parallel":
        yield from _branch_findings(site.config.get("branches"), (*site.path, "config", "branches"))
    if site.type == "for_each":
        yield from _loop_findings(site.config, (*site.path, "config"))


def _saga_findings(site: StepSite) -> Iterator[Finding]:
    """What runs in child instances has ended by itself: a saga around it could not undo it step by step."""
    if site.in_saga and site.type == "for_each" and site.config.get("distributed") is not None:
        said = "a loop inside a saga cannot be distributed: remove `distributed`, or move the loop out of the saga"
        yield Finding(INVALID_FIELD, (*site.path, "config", "distributed"), said)


def _branch_findings(branches: Any, path: Path) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        name = mapping_or_empty(branch).get("name")
        if isinstance(name, str) and name in seen:
            said = f"there is already a branch {shown(name)}; give each branch a name of its own"
            yield Finding(INVALID_FIELD, (*path, number, "name"), said)
        elif isinstance(name, str):
            seen.add(name)


def _loop_findings(config: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    item, index = config.get("itemVariable") or DEFAULT_ITEM, config.get("indexVariable") or DEFAULT_INDEX
    for key, name in (("itemVariable", item), ("indexVariable", index)):
        if isinstance(name, str) and name in ROOTS:
            said = f"{name!r} hides what expressions call {name}; choose another name"
            yield Finding(INVALID_FIELD, (*path, key), said)
    if item == index:
        said = f"item and index are both named {shown(item)}; name them differently"
        yield Finding(INVALID_FIELD, (*path, "itemVariable"), said)
