"""GET /workflow/status: what the components know, put together (WR-10)."""

from __future__ import annotations

import msgspec

from reactory.errors.answers import ErrorTotals
from reactory.errors.summary import error_totals
from reactory.runner.answers import StatusAnswer
from reactory.runner.services import Services
from reactory.runner.status import system_status


class SystemStatus(StatusAnswer, frozen=True):
    """The runner's numbers, and what goes wrong."""

    errors: ErrorTotals


def whole_status(services: Services, tenant: str = "default") -> SystemStatus:
    known = msgspec.structs.asdict(system_status(services, tenant))
    return SystemStatus(**known, errors=error_totals(services, tenant))
