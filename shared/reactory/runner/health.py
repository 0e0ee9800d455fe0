"""GET /health: is the engine able to do its work? Never throws (OB-6): a broken part is an answer."""

from __future__ import annotations

from collections.abc import Callable

from reactory.exceptions import ReactoryError
from reactory.observability import logger
from reactory.runner.answers import ComponentHealth, Health
from reactory.runner.instant import to_text
from reactory.runner.services import Services

SLOW_MS = 1000.0
"""A round trip to the database that takes longer is worth a look."""

OVERDUE_MS = 120_000
"""The sweeper comes every minute; what is due for two minutes and held by nobody shows that no one comes."""

_LOG = logger(__name__)
_ORDER = ("healthy", "degraded", "unhealthy")


def check_health(services: Services) -> Health:
    """The whole is as bad as its worst component."""
    checks: dict[str, Callable[[Services], ComponentHealth]] = {"persistence": _persistence, "poll": _poll}
    components = {name: _checked(name, check, services) for name, check in checks.items()}
    worst = max((component.status for component in components.values()), key=_ORDER.index)
    return Health(status=worst, components=components, timestamp=to_text(services.clock.now()))


def _checked(name: str, check: Callable[[Services], ComponentHealth], services: Services) -> ComponentHealth:
    try:
        return check(services)
    except ReactoryError as error:
        return ComponentHealth(status="unhealthy", message=error.message)
    except Exception:  # noqa: BLE001 - a health check that fails is an answer; what failed is in the log, not in public
        _LOG.exception("a health check failed", component=name)
        return ComponentHealth(status="unhealthy", message="the check failed; the log says why")


def _persistence(services: Services) -> ComponentHealth:
    latency = round(services.instances.ping(), 3)
    if latency > SLOW_MS:
        return ComponentHealth(status="degraded", message="the database answers slowly", latency_ms=latency)
    return ComponentHealth(status="healthy", latency_ms=latency)


def _poll(services: Services) -> ComponentHealth:
    if services.instances.due(-OVERDUE_MS, 1):
        message = f"instances are due for more than {OVERDUE_MS // 1000} s and nobody takes them; are workers running?"
        return ComponentHealth(status="degraded", message=message)
    return ComponentHealth(status="healthy")
