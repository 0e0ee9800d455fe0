"""Circuit breakers as an operator sees them: which there are, how they stand, and closing one by hand (CB-7)."""

from __future__ import annotations

from reactory.errors.answers import CircuitList, CircuitReset, CircuitView
from reactory.errors.services import Services
from reactory.exceptions import InvalidRequestError, NotFoundError, UnavailableError
from reactory.host.circuit_event import circuit_event
from reactory.observability import logger
from reactory.ports.breakers import Breaker, Breakers
from reactory.runner.control import MAX_REASON
from reactory.runner.instant import to_text

_LOG = logger(__name__)
_PAGE = 100
_MOST = 1000


class Circuits:
    def __init__(self, services: Services) -> None:
        self._services = services

    def search(self, limit: int = 50, cursor: str | None = None, tenant: str = "default") -> CircuitList:
        """By name. One that nobody has used for a day may be missing: it is closed."""
        found = self._services.breakers.list(tenant, limit + 1, cursor)
        shown = found[:limit]
        return CircuitList(
            circuits=[_view(breaker) for breaker in shown],
            next_cursor=shown[-1].key if len(found) > limit else None,
        )

    def get(self, name: str, tenant: str = "default") -> CircuitView:
        return _view(self._find(name, tenant))

    def reset(self, name: str, reason: str = "", caller: str = "", tenant: str = "default") -> CircuitReset:
        """Close it and forget its counts, and tell the bus if that has changed anything."""
        if len(reason) > MAX_REASON:
            raise InvalidRequestError(f"reason: at most {MAX_REASON} characters")
        breaker, now = self._find(name, tenant), self._services.clock.now()
        change = self._services.breakers.reset(tenant, name, now)
        if change is not None:
            try:
                self._services.bus.publish([circuit_event(change, reason=reason, by=caller)])
            except UnavailableError as error:  # it is closed all the same
                _LOG.warning("a circuit's reset could not be told to the bus", circuit=name, error=error.message)
        return CircuitReset(
            name=name,
            state="closed",
            previous_state=breaker.state if change is None else change.before,
            changed=change is not None,
            timestamp=to_text(now),
        )

    def _find(self, name: str, tenant: str) -> Breaker:
        breaker = self._services.breakers.get(tenant, name)
        if breaker is None:
            raise NotFoundError(f"there is no circuit {name!r}; `reactory circuit list` shows those that are known")
        return breaker


def not_closed(breakers: Breakers, tenant: str = "default") -> list[str]:
    """The names of those that are open or half open, among the first thousand."""
    names: list[str] = []
    after: str | None = None
    for _ in range(_MOST // _PAGE):
        page = breakers.list(tenant, _PAGE, after)
        names += [breaker.key for breaker in page if breaker.state != "closed"]
        if len(page) < _PAGE:
            break
        after = page[-1].key
    return names


def _view(breaker: Breaker) -> CircuitView:
    return CircuitView(
        name=breaker.key,
        state=breaker.state,
        failures=breaker.failures,
        window_at=_text(breaker.window_at or None),
        opened_at=_text(breaker.opened_at),
        retry_at=_text(breaker.retry_at),
        in_flight=breaker.in_flight,
        successes=breaker.successes,
        changed_at=_text(breaker.changed_at),
    )


def _text(at: int | None) -> str | None:
    return None if at is None else to_text(at)
