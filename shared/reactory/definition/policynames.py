"""The names of retry policies that a document uses, and those that nobody defines (EH-10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reactory.definition.codes import INVALID_FIELD, UNKNOWN_POLICY
from reactory.definition.finding import Finding
from reactory.definition.guards import BREAKER_KEY, BREAKER_KEY_RULE
from reactory.definition.location import Path
from reactory.definition.policy import POLICIES, POLICY_NAME
from reactory.definition.steptree import StepSite, mapping_or_empty
from reactory.definition.steptypes import CACHEABLE, RUNNABLE
from reactory.definition.wording import listed, shown, suggestion

_FIELDS = ("rateLimit", "concurrency", "circuitBreaker", "timeoutPolicy")


def policy_findings(
    data: Mapping[str, Any], sites: list[StepSite], configured: Collection[str] | None
) -> Iterator[Finding]:
    """``configured`` are the policies that configuration defines; None: not known here, and any name may be one."""
    if configured is None:
        return
    metadata = mapping_or_empty(data.get("metadata"))
    known = {*POLICIES, *configured, *mapping_or_empty(metadata.get("retryPolicies"))}
    places: list[tuple[Path, Any]] = [(("metadata", "retryPolicy"), metadata.get("retryPolicy"))]
    places += [((*site.path, "retryPolicy"), site.step.get("retryPolicy")) for site in sites]
    for path, declared in places:
        name = named(declared)
        if name is not None and POLICY_NAME.match(name) and name not in known:
            said = f"no retry policy is named {shown(name)}; {suggestion(name, sorted(known))}"
            where = (*path, "policy") if isinstance(declared, dict) else path
            yield Finding(UNKNOWN_POLICY, where, said)


def named(declared: Any) -> str | None:
    """The name that a ``retryPolicy`` refers to."""
    name = declared.get("policy") if isinstance(declared, dict) else declared
    return name if isinstance(name, str) else None


def breaker_key_findings(site: StepSite) -> Iterator[Finding]:
    """A key that is the same for all instances; one with ``${…}`` in it is looked at when it is rendered."""
    key = mapping_or_empty(site.step.get("circuitBreaker")).get("key")
    if isinstance(key, str) and key and "${" not in key and not BREAKER_KEY.match(key):
        yield Finding(INVALID_FIELD, (*site.path, "circuitBreaker", "key"), f"`key` {BREAKER_KEY_RULE}")


def guard_findings(site: StepSite) -> Iterator[Finding]:
    """Guards at a type whose attempts are not run by a worker: none of these can be held, or has a time that grows."""
    if site.type is None or site.type in CACHEABLE or site.type not in RUNNABLE:
        return
    for field in _FIELDS:
        if site.step.get(field) is not None:
            said = f"`{field}` is not for {shown(site.type)}: only attempts of {listed(sorted(CACHEABLE))} have it, remove it"
            yield Finding(INVALID_FIELD, (*site.path, field), said)
