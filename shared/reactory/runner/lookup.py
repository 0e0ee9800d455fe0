"""Finding one instance and the program that it is pinned to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.exceptions import InstanceNotFoundError, InvalidDefinitionError, WorkflowNotFoundError
from reactory.ports.store import Instance, InstanceStore

if TYPE_CHECKING:
    from reactory.definition.program import Program
    from reactory.host.definitions import Definitions


def find_instance(instances: InstanceStore, instance_id: str, tenant: str) -> Instance:
    """The whole document; another tenant's instance does not exist (WH-24)."""
    instance = instances.get(instance_id)
    if instance is None or instance.tenant != tenant:
        raise InstanceNotFoundError(
            f"there is no instance {instance_id!r}; `reactory instance list` shows those that exist"
        )
    return instance


def program_of(programs: Definitions, instance: Instance) -> Program | None:
    """The instance's own version, or None when it is gone: the instance can be looked at and cancelled all the same."""
    try:
        return programs.program(instance.tenant, instance.workflow_id, instance.version, instance.fingerprint)
    except (WorkflowNotFoundError, InvalidDefinitionError):
        return None
