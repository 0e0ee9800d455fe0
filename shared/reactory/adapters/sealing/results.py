"""ResultCache whose results are sealed; keys stay plain."""

from __future__ import annotations

from collections.abc import Sequence

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.results import ResultCache

CONTEXT = "result"


class SealedResults:
    def __init__(self, inner: ResultCache, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        return {key: self._sealer.open(result, CONTEXT) for key, result in self._inner.get(keys).items()}

    def put(self, key: str, result: str, ttl_ms: int) -> None:
        self._inner.put(key, self._sealer.seal(result, CONTEXT), ttl_ms)
