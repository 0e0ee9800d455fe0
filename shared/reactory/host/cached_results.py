"""Results of idempotent steps that are used again (CA-3). Failures are never kept; a cache that fails costs a repetition."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

import msgspec

from reactory.exceptions import ReactoryError
from reactory.kernel.effects import RunStep
from reactory.kernel.facts import Succeeded
from reactory.ports.results import ResultCache

_LOG = logging.getLogger("reactory.host")


def find(cache: ResultCache, tenant: str, effects: Sequence[RunStep], now: int) -> list[Succeeded]:
    """The attempts whose results are there already, as if they had just run."""
    keys = {_key(tenant, effect): effect for effect in effects}
    try:
        found = cache.get(list(keys))
    except ReactoryError as error:
        _LOG.warning("cached results not looked up: %s", error.message)
        return []
    return [
        Succeeded(effect.path, effect.attempt, now, now, msgspec.json.decode(found[key]), effect.generation)
        for key, effect in keys.items()
        if key in found
    ]


def keep(cache: ResultCache, tenant: str, effect: RunStep, outcome: Succeeded) -> None:
    """For the next step of the same handler with the same key."""
    assert effect.cache is not None
    try:
        cache.put(_key(tenant, effect), msgspec.json.encode(outcome.output).decode(), effect.cache.ttl)
    except ReactoryError as error:
        _LOG.warning("a result was not cached: %s", error.message)


def _key(tenant: str, effect: RunStep) -> str:
    """Tenants, handlers and keys never meet: a list as JSON tells them apart."""
    assert effect.cache is not None
    return hashlib.sha256(msgspec.json.encode([tenant, effect.handler, effect.cache.key])).hexdigest()
