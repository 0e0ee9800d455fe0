"""GET /workflow/status: the runner's part of it (WR-10)."""

from __future__ import annotations

from reactory.runner.answers import DefinitionTotals, InstanceTotals, StatusAnswer
from reactory.runner.instant import to_text
from reactory.runner.services import Services
from reactory.runner.transitions import STATUSES, UNFINISHED


def system_status(services: Services, tenant: str = "default") -> StatusAnswer:
    counted = services.instances.count_by_status(tenant)
    by_status: dict[str, int] = {status: counted.get(status, 0) for status in STATUSES}
    total = sum(by_status.values())
    active = sum(by_status[status] for status in UNFINISHED)
    definitions = services.definitions.list(tenant)
    return StatusAnswer(
        instances=InstanceTotals(total=total, active=active, finished=total - active, by_status=by_status),
        definitions=DefinitionTotals(
            workflows=len({definition.workflow_id for definition in definitions}),
            versions=len(definitions),
        ),
        timestamp=to_text(services.clock.now()),
    )
