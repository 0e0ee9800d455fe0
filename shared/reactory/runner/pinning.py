"""The retry rules that an instance is started under, taken from the configuration of this moment (EH-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.definition.configured import read_overrides, read_policies
from reactory.definition.policy import POLICIES
from reactory.exceptions import ConflictError
from reactory.kernel.rules import CURRENT, RULES, Rules

if TYPE_CHECKING:
    from reactory.definition.program import Program
    from reactory.settings import Settings


def rules_for(settings: Settings, program: Program) -> Rules:
    """What of the configuration's policies and overrides concerns this workflow. ConflictError where a policy that it names
    is not configured any more.
    """
    if not program.policies and program.id not in settings.workflow_overrides:
        return RULES
    policies = read_policies(settings.retry_policies)
    if missing := sorted(program.policies - policies.keys()):
        raise ConflictError(
            f"workflow {program.reference} uses the retry policy {missing[0]}, which is no longer configured: "
            "put it back into REACTORY_RETRY_POLICIES"
        )
    override = read_overrides(settings.workflow_overrides, policies).get(program.id)
    retries = None if override is None else override.max_retries
    name = None if override is None else override.policy
    return Rules(
        edition=CURRENT,
        policies={used: policies[used] for used in program.policies},
        policy=None if name is None else policies.get(name) or POLICIES[name],
        max_attempts=None if retries is None else retries + 1,
    )
