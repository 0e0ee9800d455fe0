"""Every problem of a document at once, each with code, path, line and what to do about it (YF-1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reactory.definition.codes import INVALID_FIELD, NAMESPACE_CONVENTION, UNKNOWN_HANDLER
from reactory.definition.document import Document
from reactory.definition.finding import Finding
from reactory.definition.inputspecs import input_findings
from reactory.definition.ordering import order_findings
from reactory.definition.problem import Problem
from reactory.definition.shape import shape_findings, suggestion
from reactory.definition.steptree import StepSite, loop_variables, mapping_or_empty, step_sites
from reactory.definition.usage import ROOTS, usage_findings

_CONVENTIONAL = re.compile(r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*\Z")


def validate(document: Document | Mapping[str, Any], *, handlers: Collection[str] | None = None) -> list[Problem]:
    """All problems, errors and warnings, in the order of the document.

    ``handlers`` are the names of the registered Python steps; None when they are not known here, and then they are not
    looked at. The document may run when none of its problems is an error.
    """
    known = document if isinstance(document, Document) else Document.of(document)
    found = dict.fromkeys(_findings(known.data, handlers))
    problems = [*known.problems, *(finding.told(known) for finding in found)]
    return sorted(problems, key=lambda problem: problem.line or 0)


def errors(problems: Collection[Problem]) -> list[Problem]:
    """Those that keep the document from running."""
    return [problem for problem in problems if problem.severity == "error"]


def _findings(data: Mapping[str, Any], handlers: Collection[str] | None) -> Iterator[Finding]:
    sites = list(step_sites(data.get("steps")))
    yield from _convention_findings(data)
    yield from shape_findings(data, sites)
    yield from input_findings(data.get("inputs"))
    yield from order_findings(data.get("steps"), sites)
    for site in sites:
        yield from _name_findings(site)
        if handlers is not None:
            yield from _handler_findings(site, handlers)
    yield from usage_findings(data, sites)


def _convention_findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    name_space = data.get("nameSpace")
    if isinstance(name_space, str) and not _CONVENTIONAL.match(name_space):
        said = f"the name space {name_space!r} is unusual: write lower case with dashes or dots, like acme-orders"
        yield Finding(NAMESPACE_CONVENTION, ("nameSpace",), said, "warning")


def _handler_findings(site: StepSite, handlers: Collection[str]) -> Iterator[Finding]:
    handler = site.config.get("handler")
    if site.type == "task" and isinstance(handler, str) and handler and handler not in handlers:
        said = f"no Python step is registered as {handler!r}; {suggestion(handler, sorted(handlers))}"
        yield Finding(UNKNOWN_HANDLER, (*site.path, "config", "handler"), said)


def _name_findings(site: StepSite) -> Iterator[Finding]:
    """Names that a step gives to its parts: branches differ, loop variables hide nothing."""
    here = (*site.path, "config")
    if site.type == "parallel" and isinstance(branches := site.config.get("branches"), list):
        seen: set[str] = set()
        for number, branch in enumerate(branches):
            name = mapping_or_empty(branch).get("name")
            if isinstance(name, str) and name in seen:
                said = f"a branch {name!r} is already there; give each branch a name of its own"
                yield Finding(INVALID_FIELD, (*here, "branches", number, "name"), said)
            elif isinstance(name, str):
                seen.add(name)
    if site.type == "for_each":
        names = loop_variables(site.step)
        for name in sorted(names & ROOTS):
            said = f"the loop's {name!r} hides what expressions call {name}; choose another name"
            yield Finding(INVALID_FIELD, here, said)
        if len(names) == 1:
            yield Finding(INVALID_FIELD, here, f"item and index are both named {min(names)!r}; name them differently")
