"""After each deployment: collections and indexes, and the workflows and schedules of the packaged modules.

Called by the event that the stack's deployment is complete, and by hand after the first one, when the secret has got its
URI. It may be called at any time, and again after it failed.
"""

from __future__ import annotations

from typing import Any

from reactory.observability import logger

_LOG = logger(__name__)


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """What is in place, what was started, and a line for each thing that is wrong. The event's content does not matter."""
    from reactory.bootstrap import app
    from reactory.scheduler.deployment import take_over
    from reactory.steps.modules import load_modules

    services = app()
    services.schema.ensure()
    taken = take_over(services, load_modules(services.settings.modules))
    for fault in taken.faults:
        _LOG.error("a module cannot be used as it is", fault=str(fault))
    for warning in taken.warnings:
        _LOG.warning("a module is worth a look", warning=str(warning))
    schedules = taken.schedules
    return {
        "workflows": [registered.workflow.id for registered in taken.workflows.registered],
        "started": list(taken.workflows.started),
        "schedules": {
            "created": schedules.created,
            "updated": schedules.updated,
            "deleted": schedules.deleted,
            "unchanged": schedules.unchanged,
        },
        "faults": [str(fault) for fault in taken.faults],
        "warnings": [str(warning) for warning in taken.warnings],
    }
