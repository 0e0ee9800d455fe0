"""What went wrong, in numbers, for GET /workflow/status (WR-10)."""

from __future__ import annotations

from reactory.errors.answers import ErrorTotals
from reactory.errors.circuits import not_closed
from reactory.errors.dead_letters import DeadLetterBox
from reactory.errors.services import Stores
from reactory.errors.statistics import DAY_MS, totals
from reactory.exceptions import UnavailableError
from reactory.observability import logger
from reactory.ports.statistics import BUCKET_MS

_LOG = logger(__name__)


def error_totals(services: Stores, tenant: str = "default") -> ErrorTotals:
    """The last 24 hours and the one that has begun; the circuits and dead letters of now."""
    now = services.clock.now()
    begin = now - DAY_MS
    hours = services.errors.series(tenant, None, begin - begin % BUCKET_MS, now + 1)
    return ErrorTotals(
        last_day=totals(hours),
        open_circuits=_open_circuits(services, tenant),
        dead_letters=DeadLetterBox(services).totals(tenant),
    )


def _open_circuits(services: Stores, tenant: str) -> list[str] | None:
    """Counters out of reach are no reason to hide the rest."""
    try:
        return not_closed(services.breakers, tenant)
    except UnavailableError as error:
        _LOG.warning("the circuits cannot be read", code=error.code, error=error.message)
        return None
