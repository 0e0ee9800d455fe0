"""Retry policies and overrides as configuration gives them (EH-10): read whole or refused with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reactory.definition.compileguards import retry_changes
from reactory.definition.policy import DEFAULT_RETRY, POLICIES, POLICY_NAME, RetryPolicy
from reactory.definition.reference import NAME, NAME_SPACE

MOST_RETRIES = 10


@dataclass(frozen=True, slots=True)
class Override:
    """What configuration says of the steps of one workflow that declare no retry policy themselves. ``max_retries`` does not
    count the first attempt; ``policy`` is a name.
    """

    max_retries: int | None = None
    policy: str | None = None


def read_policies(given: Mapping[str, Any]) -> dict[str, RetryPolicy]:
    """By name, in the shape of a document's ``retryPolicy``. ValueError says what is wrong, and where."""
    from reactory.definition.modelcheck import check_shape
    from reactory.definition.models import RetryRulesModel  # late: most processes have none, and no use for the models

    found: dict[str, RetryPolicy] = {}
    for name, declared in given.items():
        if not POLICY_NAME.match(name) or name in POLICIES:
            raise ValueError(
                f"{name!r} is no name for a policy: begin with a letter, and leave out {', '.join(POLICIES)}"
            )
        wrong = next(check_shape(RetryRulesModel, declared, (name,)), None)
        if wrong is not None:
            raise ValueError(f"of {'.'.join(map(str, wrong.path))}: {wrong.message}")
        found[name] = RetryPolicy(**{**_fields(DEFAULT_RETRY), **retry_changes(declared)})
    return found


def _fields(policy: RetryPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in RetryPolicy.__dataclass_fields__}


def read_overrides(given: Mapping[str, Any], policies: Mapping[str, Any]) -> dict[str, Override]:
    """By workflow id. ValueError likewise, for the name of a policy that nobody defines too."""
    found: dict[str, Override] = {}
    for workflow, declared in given.items():
        name_space, _, name = workflow.rpartition(".")
        if not (NAME_SPACE.match(name_space) and NAME.match(name)):
            raise ValueError(f"{workflow!r} is no workflow: write its nameSpace.Name, without a version")
        if not isinstance(declared, dict) or not declared.keys() <= {"maxRetries", "policy"}:
            raise ValueError(f"of {workflow}: give an object with maxRetries, policy, or both")
        found[workflow] = _override(workflow, declared, policies)
    return found


def _override(workflow: str, declared: Mapping[str, Any], policies: Mapping[str, Any]) -> Override:
    retries, policy = declared.get("maxRetries"), declared.get("policy")
    if retries is not None and (type(retries) is not int or not 0 <= retries <= MOST_RETRIES):
        raise ValueError(f"of {workflow}.maxRetries: give a whole number from 0 to {MOST_RETRIES}")
    if policy is not None and (not isinstance(policy, str) or policy not in {*POLICIES, *policies}):
        known = ", ".join(sorted({*POLICIES, *policies}))
        raise ValueError(f"of {workflow}.policy: no retry policy is named {policy!r}; known are {known}")
    return Override(retries, policy)
