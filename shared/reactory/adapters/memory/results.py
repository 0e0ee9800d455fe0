"""ResultCache in memory. The clock given is the "database's clock"."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from reactory.ports.clock import Clock


class MemoryResults:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._results: dict[str, tuple[str, int]] = {}

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        with self._lock:
            now = self._clock.now()
            found = {key: self._results[key] for key in keys if key in self._results}
        return {key: result for key, (result, expires_at) in found.items() if expires_at > now}

    def put(self, key: str, result: str, ttl_ms: int) -> None:
        with self._lock:
            self._results[key] = (result, self._clock.now() + ttl_ms)
